/** Makes a connection to one server that is known to work: described, planned, and used for a real inference. */
import { existsSync } from "node:fs";
import { HeadraceError } from "../../contracts/index.js";
import { rowBytes, withDeadline } from "../../kit/index.js";
import { type Address, isThisMachine } from "./address.js";
import { isTooLarge, requestToTriton, rowLimitIn } from "./errors.js";
import { explainFailure } from "./explain.js";
import { checkDimension, inferRequest, type ModelExpectation, type ModelPlan, planModel } from "./model.js";
import type { TritonTransport } from "./options.js";
import { readVectors } from "./output.js";
import { GrpcConnection } from "./transport/grpc.js";
import { HttpConnection } from "./transport/http.js";
import { sharedMemoryFolder } from "./transport/regions.js";
import type { Security } from "./transport/security.js";
import { SharedMemoryConnection } from "./transport/shm.js";
import type { Connection, InferRequest, ModelDescription } from "./transport/transport.js";
import { Trust } from "./trust.js";
import { compareVectors, isComparable } from "./vectors.js";

export interface LinkSettings {
  readonly transport: TritonTransport;
  readonly modelName: string;
  readonly modelVersion: string | null;
  readonly expected: ModelExpectation;
  /** Requests at once. */
  readonly parallel: number;
  /** For one inference. */
  readonly timeoutMs: number;
  /** For questions that need no inference, all together. */
  readonly answerTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly security: Security;
}

/** What a server answered to the probe picture. */
export interface Proof {
  readonly vector: Float32Array;
  /** Version of the model; empty when the server does not report it. */
  readonly version: string;
}

export interface Link {
  readonly connection: Connection;
  readonly description: ModelDescription;
  /** With the dimension that the inference gave. */
  readonly plan: ModelPlan & { readonly dimension: number };
  /** Why the tensors travel as they do. */
  readonly reason: string;
  readonly proof: Proof;
  readonly trust: Trust;
}

const connectTimeoutMs = 5_000;

/** Throws the error that names the setting to change; what was opened is closed then. */
export async function establish(address: Address, settings: LinkSettings, signal: AbortSignal): Promise<Link> {
  const { modelName, modelVersion, expected } = settings;
  const protocol = protocolOf(address, settings.transport);
  const connection = await connect(address, protocol, settings);
  const within = deadlines(address, settings, signal);
  try {
    const description = await within.answer(async (stop) => {
      try {
        return await connection.describe(stop);
      } catch (error) {
        throw await explainFailure(HeadraceError.from(error), { address, protocol, modelName, modelVersion }, connection, stop);
      }
    });
    const where = `Triton ${address.text}, model ${modelName}`;
    const planned = planModel(description, expected, where);
    const found = await prove(connection, planned, address, within);
    const { dimension } = found;
    checkDimension({ name: planned.outputName, datatype: planned.outputType, dimension }, expected, where);
    const batches = description.configuration === "read" ? {} : await batchesOf(connection, planned, address, within);
    const base = { connection, description, plan: { ...planned, ...batches, dimension }, proof: found.proof, trust: found.trust };
    if (!(connection instanceof HttpConnection)) return { ...base, reason: "gRPC was asked for" };
    return await shareMemory({ ...base, connection }, address, settings, within);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The same server, which was away: over a new connection where the old one may be dead, asked and proven anew. */
export async function reestablish(link: Link, address: Address, settings: LinkSettings, signal: AbortSignal): Promise<Link> {
  const { connection } = link;
  const within = deadlines(address, settings, signal);
  connection.renew();
  const description = await within.answer(async (stop) => {
    await connection.ready(stop);
    return await connection.describe(stop);
  });
  const planned = planModel(description, settings.expected, `Triton ${address.text}, model ${settings.modelName}`);
  const batches = description.configuration === "read" ? {} : { maxBatch: link.plan.maxBatch, preferredBatch: link.plan.preferredBatch };
  const found = await prove(connection, planned, address, within);
  return { ...link, description, plan: { ...planned, ...batches, dimension: found.dimension }, proof: found.proof, trust: found.trust };
}

interface Deadlines {
  answer<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  inference<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

function deadlines(address: Address, { timeoutMs, answerTimeoutMs }: LinkSettings, signal: AbortSignal): Deadlines {
  const late = (afterMs: number) =>
    new HeadraceError("embedder_unavailable", `Triton ${address.text}: expected an answer within ${afterMs} ms, found none`);
  return {
    answer: (work) => withDeadline(work, { call: requestToTriton, signal, timeoutMs: answerTimeoutMs, late }),
    inference: (work) => withDeadline(work, { call: requestToTriton, signal, timeoutMs, late }),
  };
}

/** Throws `model_invalid` when the answer to the probe picture can be compared with none. */
async function prove(connection: Connection, plan: ModelPlan, address: Address, within: Deadlines) {
  const { losses } = connection;
  const { dimension, ...proof } = await within.inference((stop) => probe(connection, plan, address, stop));
  if (!isComparable(proof.vector)) {
    throw new HeadraceError(
      "model_invalid",
      `Triton ${address.text}, output ${plan.outputName}: expected finite numbers for a test picture, not all of them zero; found others`,
      { hint: "Embed a picture with the model by hand: it answers with NaN, infinity or only zeros." },
    );
  }
  const trust = new Trust();
  trust.found(proof.version, losses);
  return { dimension, proof, trust };
}

/** How many rows a model takes that does not show its configuration: all that were asked for, or as many as it says then. */
async function batchesOf(connection: Connection, plan: ModelPlan, address: Address, within: Deadlines) {
  if (plan.maxBatch === 1) return {};
  try {
    await within.inference((stop) => probe(connection, plan, address, stop, plan.maxBatch));
    return {};
  } catch (error) {
    const limit = rowLimitIn(error);
    if (limit !== null) return { maxBatch: limit, preferredBatch: limit };
    if (isTooLarge(error)) return {};
    throw error;
  }
}

/** The fixed picture of the readiness test, `rows` times: no two of its lines are alike. */
function probeRequest(plan: ModelPlan, rows: number): InferRequest {
  const row = rowBytes(plan.input);
  const bytes = new Uint8Array(row * rows);
  // 0x3c to 0x3f keep floats of either size between 0.5 and 2.
  const step = { uint8: 1, float16: 2, float32: 4 }[plan.input.dtype];
  for (let i = 0; i < row; i += 1) {
    bytes[i] = step > 1 && i % step === step - 1 ? 0x3c + ((i >> 4) & 3) : (i * 31 + (i >> 7) * 17) & 0xff;
  }
  for (let filled = 1; filled < rows; filled += 1) bytes.copyWithin(filled * row, 0, row);
  return inferRequest(plan, rows, bytes);
}

/** Sends the probe picture and checks what comes back. */
export async function probe(
  connection: Connection,
  plan: ModelPlan,
  address: Address,
  signal: AbortSignal,
  rows = 1,
): Promise<Proof & { readonly dimension: number }> {
  const answer = await connection.infer(probeRequest(plan, rows), signal);
  const { vectors, dimension } = readVectors(answer, plan, rows, `Triton ${address.text}, output ${plan.outputName}`);
  return { vector: vectors.subarray(0, dimension), dimension, version: answer.version };
}

function protocolOf(address: Address, transport: TritonTransport): "http" | "grpc" {
  const wanted = transport === "grpc" ? "grpc" : transport === "auto" ? (address.scheme ?? "http") : "http";
  if (address.scheme === null || address.scheme === wanted) return wanted;
  // An https URL is how many write a gRPC endpoint behind TLS.
  if (address.scheme === "http" && wanted === "grpc") return "grpc";
  throw new HeadraceError("config_conflict", `triton.transport ${transport}: expected an URL of HTTP, found triton.url ${address.text}`);
}

async function connect(address: Address, protocol: "http" | "grpc", settings: LinkSettings): Promise<HttpConnection | GrpcConnection> {
  const { modelName, modelVersion, parallel, timeoutMs, keepaliveMs, security } = settings;
  if (protocol === "grpc") return await GrpcConnection.create({ address, modelName, modelVersion, timeoutMs, keepaliveMs, security });
  return await HttpConnection.create({
    address,
    modelName,
    modelVersion,
    connections: parallel,
    connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
    security,
  });
}

/** Takes shared memory when a real inference through it gives the same vector as HTTP did. */
async function shareMemory(
  link: Omit<Link, "reason"> & { readonly connection: HttpConnection },
  address: Address,
  { transport, parallel }: LinkSettings,
  within: Deadlines,
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
    await within.answer((stop) => trial.sweep(stop));
    const { vector } = await within.inference((stop) => probe(trial, link.plan, address, stop));
    if (!compareVectors(vector, link.proof.vector).same) {
      throw new HeadraceError("embedder_unavailable", "a probe through shared memory gave another vector than over HTTP");
    }
  } catch (error) {
    const { code, message } = HeadraceError.from(error);
    if (code === "aborted") throw error;
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
