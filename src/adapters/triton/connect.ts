/** Opens a connection to one server, reads the description of a served model, and sets deadlines. */
import { HeadraceError } from "../../contracts/index.js";
import { withDeadline } from "../../kit/index.js";
import { requestToTriton } from "./errors.js";
import { explainFailure } from "./explain.js";
import type { TritonSection, TritonTransport } from "./options.js";
import type { Address } from "./transport/address.js";
import { GrpcConnection } from "./transport/grpc.js";
import { HttpConnection } from "./transport/http.js";
import type { Security } from "./transport/security.js";
import type { Connection, ModelDescription } from "./transport/transport.js";

export interface ConnectionSettings {
  readonly transport: TritonTransport;
  readonly modelName: string;
  readonly modelVersion: string | null;
  /** The setting that names the model, for messages. */
  readonly modelSetting: string;
  /** Time limit of one inference. */
  readonly timeoutMs: number;
  /** Time limit of one step that runs no inference, such as reading the model's description. */
  readonly answerTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly security: Security;
}

/** Runs one step within its time limit. */
export interface Deadlines {
  answer<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  inference<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

const connectTimeoutMs = 5_000;
/** By default, Triton closes a gRPC connection if the client sends more than three keepalive pings during one request. */
const keepaliveMs = 20_000;
const keepalivesPerTimeout = 3;

/** What all connections of one configuration have in common. */
export function commonSettings(
  { transport, timeout }: Pick<TritonSection, "transport" | "timeout">,
  security: Security,
): Pick<ConnectionSettings, "transport" | "timeoutMs" | "keepaliveMs" | "security"> {
  const timeoutMs = timeout * 1000;
  return { transport, timeoutMs, keepaliveMs: Math.max(keepaliveMs, timeoutMs / keepalivesPerTimeout), security };
}

/** Opens no connection yet: the first request does. */
export async function connect(address: Address, settings: ConnectionSettings): Promise<HttpConnection | GrpcConnection> {
  const { modelName, modelVersion, timeoutMs, keepaliveMs, security } = settings;
  const protocol = protocolOf(address, settings.transport);
  if (protocol === "grpc") return await GrpcConnection.create({ address, modelName, modelVersion, timeoutMs, keepaliveMs, security });
  return await HttpConnection.create({
    address,
    modelName,
    modelVersion,
    connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
    security,
  });
}

/** Reads the description of the model. Throws an error that names the setting to change. */
export async function describeServed(
  connection: Connection,
  address: Address,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<ModelDescription> {
  try {
    return await connection.describe(signal);
  } catch (error) {
    const wanted = { ...settings, address, protocol: protocolOf(address, settings.transport) };
    throw await explainFailure(HeadraceError.from(error), wanted, connection, signal);
  }
}

export function deadlines(address: Address, { timeoutMs, answerTimeoutMs }: ConnectionSettings, signal: AbortSignal): Deadlines {
  const late = (afterMs: number) =>
    new HeadraceError("embedder_unavailable", `Triton ${address.text}: expected an answer within ${afterMs} ms, found none`);
  return {
    answer: (work) => withDeadline(work, { call: requestToTriton, signal, timeoutMs: answerTimeoutMs, late }),
    inference: (work) => withDeadline(work, { call: requestToTriton, signal, timeoutMs, late }),
  };
}

function protocolOf(address: Address, transport: TritonTransport): "http" | "grpc" {
  const wanted = transport === "grpc" ? "grpc" : transport === "auto" ? (address.scheme ?? "http") : "http";
  if (address.scheme === null || address.scheme === wanted) return wanted;
  // Many users write the URL of a gRPC server with TLS as https://…
  if (address.scheme === "http" && wanted === "grpc") return "grpc";
  throw new HeadraceError("config_conflict", `triton.transport ${transport}: expected an HTTP URL, found triton.url ${address.text}`);
}
