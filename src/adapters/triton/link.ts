/** Makes a connection to one server that is known to work: described, planned, and used for a real inference. */
import { existsSync } from "node:fs";
import { HeadraceError } from "../../contracts/index.js";
import { rowBytes } from "../../kit/index.js";
import { type Address, isThisMachine } from "./address.js";
import { throwIfAborted } from "./deadline.js";
import { explainFailure } from "./explain.js";
import { GrpcConnection } from "./grpc.js";
import { HttpConnection } from "./http.js";
import { checkDimension, inferRequest, type ModelExpectation, type ModelPlan, planModel } from "./model.js";
import type { TritonTransport } from "./options.js";
import { readVectors } from "./output.js";
import { sharedMemoryFolder } from "./regions.js";
import { SharedMemoryConnection } from "./shm.js";
import type { Connection, InferRequest, ModelDescription } from "./transport.js";

export interface LinkSettings {
  readonly transport: TritonTransport;
  readonly modelName: string;
  readonly modelVersion: string | null;
  readonly expected: ModelExpectation;
  /** Requests at once. */
  readonly parallel: number;
  readonly timeoutMs: number;
}

export interface Link {
  readonly connection: Connection;
  readonly description: ModelDescription;
  /** With the dimension that the inference gave. */
  readonly plan: ModelPlan & { readonly dimension: number };
  /** Why the tensors travel as they do. */
  readonly reason: string;
}

const connectTimeoutMs = 5_000;

/** Throws the error that names the setting to change; what was opened is closed then. */
export async function establish(address: Address, settings: LinkSettings, signal: AbortSignal): Promise<Link> {
  const { modelName, modelVersion } = settings;
  const protocol = protocolOf(address, settings.transport);
  const connection = await connect(address, protocol, settings);
  try {
    const description = await connection.describe(signal).catch(async (error: unknown) => {
      throw await explainFailure(HeadraceError.from(error), { address, protocol, modelName, modelVersion }, connection, signal);
    });
    const where = `Triton ${address.text}, model ${modelName}`;
    const plan = planModel(description, settings.expected, where);
    const { vectors, dimension } = await probe(connection, plan, address, signal);
    checkDimension({ name: plan.outputName, datatype: plan.outputType, dimension }, settings.expected, where);
    const base = { connection, description, plan: { ...plan, dimension } };
    if (!(connection instanceof HttpConnection)) return { ...base, reason: "gRPC was asked for" };
    return await shareMemory({ ...base, connection }, vectors, address, settings, signal);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The fixed picture of the readiness test: no two of its rows are alike. */
export function probeRequest(plan: ModelPlan): InferRequest {
  const bytes = new Uint8Array(rowBytes(plan.input));
  // 0x3c to 0x3f keep floats of either size between 0.5 and 2.
  const step = { uint8: 1, float16: 2, float32: 4 }[plan.input.dtype];
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = step > 1 && i % step === step - 1 ? 0x3c + ((i >> 4) & 3) : (i * 31 + (i >> 7) * 17) & 0xff;
  }
  return inferRequest(plan, 1, bytes);
}

/** Sends the probe and checks what comes back. */
export async function probe(connection: Connection, plan: ModelPlan, address: Address, signal: AbortSignal) {
  const answer = await connection.infer(probeRequest(plan), signal);
  return readVectors(answer, plan, 1, `Triton ${address.text}, output ${plan.outputName}`);
}

function protocolOf(address: Address, transport: TritonTransport): "http" | "grpc" {
  const wanted = transport === "grpc" ? "grpc" : transport === "auto" ? (address.scheme ?? "http") : "http";
  if (address.scheme === null || address.scheme === wanted) return wanted;
  // An https URL is how many write a gRPC endpoint behind TLS.
  if (address.scheme === "http" && wanted === "grpc") return "grpc";
  throw new HeadraceError("config_conflict", `triton.transport ${transport}: expected an URL of HTTP, found triton.url ${address.text}`);
}

async function connect(address: Address, protocol: "http" | "grpc", settings: LinkSettings): Promise<HttpConnection | GrpcConnection> {
  const { modelName, modelVersion, parallel, timeoutMs } = settings;
  if (protocol === "grpc") return await GrpcConnection.create({ address, modelName, modelVersion, timeoutMs });
  return await HttpConnection.create({
    address,
    modelName,
    modelVersion,
    connections: parallel,
    connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
  });
}

/** Takes shared memory when a real inference through it gives the same vector as HTTP did. */
async function shareMemory(
  link: Omit<Link, "reason"> & { readonly connection: HttpConnection },
  expected: Float32Array,
  address: Address,
  { transport, parallel }: LinkSettings,
  signal: AbortSignal,
): Promise<Link> {
  if (transport === "http") return { ...link, reason: "HTTP was asked for" };
  const impossible = whyNoSharedMemory(address);
  if (impossible !== null) {
    if (transport === "shm") throw refused(address, impossible, undefined);
    return { ...link, reason: `HTTP, as ${impossible}` };
  }
  const minBytes = rowBytes(link.plan.input) * link.plan.preferredBatch;
  const trial = new SharedMemoryConnection(link.connection, { maxRegions: 1, minBytes: 0, whenRefused: "fail" });
  try {
    await trial.sweep(signal);
    const { vectors } = await probe(trial, link.plan, address, signal);
    if (!alike(vectors, expected)) {
      throw new HeadraceError("embedder_unavailable", "a probe through shared memory gave another vector than over HTTP");
    }
  } catch (error) {
    throwIfAborted(signal);
    const { message } = HeadraceError.from(error);
    if (transport === "shm") throw refused(address, message, error);
    return { ...link, reason: `HTTP, as shared memory does not work: ${message} (recent servers need --allow-client-shm=true)` };
  } finally {
    await trial.releaseRegions();
  }
  const whenRefused = transport === "auto" ? "http" : "fail";
  const shared = new SharedMemoryConnection(link.connection, { maxRegions: parallel, minBytes, whenRefused });
  return { ...link, connection: shared, reason: "shared memory: the server is on this machine, and a probe through it was right" };
}

function whyNoSharedMemory(address: Address): string | null {
  if (!isThisMachine(address)) return "the server is on another machine";
  return existsSync(sharedMemoryFolder) ? null : `this system has no ${sharedMemoryFolder}`;
}

function refused(address: Address, why: string, cause: unknown): HeadraceError {
  return new HeadraceError("config_invalid", `Triton ${address.text}: expected shared memory (triton.transport shm), found: ${why}`, {
    cause,
    hint: "Recent servers need --allow-client-shm=true, and must see this machine's /dev/shm. Or set triton.transport to auto or http.",
  });
}

/** By cosine, as a batch of another size may round otherwise. */
function alike(a: Float32Array, b: Float32Array): boolean {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return product >= 0.999 * Math.sqrt(squareA * squareB);
}
