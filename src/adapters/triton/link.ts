/** Connects to one server, reads the description of the served model, and tests the connection with one inference. */
import { existsSync } from "node:fs";
import { HeadraceError } from "../../contracts/index.js";
import { rowBytes } from "../../kit/index.js";
import { type ConnectionSettings, connect, type Deadlines, deadlines, describeServed } from "./connect.js";
import { isTooLarge, rowLimitIn } from "./errors.js";
import { checkDimension, inferRequest, type ModelExpectation, type ModelPlan, planModel } from "./model.js";
import { readVectors } from "./output.js";
import { type Address, isThisMachine } from "./transport/address.js";
import { HttpConnection } from "./transport/http.js";
import { sharedMemoryFolder } from "./transport/regions.js";
import { SharedMemoryConnection } from "./transport/shm.js";
import type { Connection, InferRequest, ModelDescription } from "./transport/transport.js";
import { Trust } from "./trust.js";
import { compareVectors, isComparable } from "./vectors.js";

export interface LinkSettings extends ConnectionSettings {
  readonly expected: ModelExpectation;
  /** The expected number of concurrent requests to a model with this number of instances. */
  readonly parallelOf: (instances: number) => number;
}

/** A server's answer to the probe image. The probe image consists of generated pixels and is the same for all servers. */
export interface Proof {
  readonly vector: Float32Array;
  /** Version of the model that answered. Empty when the server does not report the version. */
  readonly version: string;
}

export interface Link {
  readonly connection: Connection;
  readonly description: ModelDescription;
  /** The format of requests and answers. The dimension was found by an inference. */
  readonly plan: ModelPlan & { readonly dimension: number };
  /** Why this transport was chosen, in words for the user. */
  readonly reason: string;
  readonly proof: Proof;
  readonly trust: Trust;
}

/** Connects to a server for the first time. After a failure, closes the connection and throws an error that names the setting to change. */
export async function establish(address: Address, settings: LinkSettings, signal: AbortSignal): Promise<Link> {
  const { modelName, expected } = settings;
  const connection = await connect(address, settings);
  const within = deadlines(address, settings, signal);
  try {
    const description = await within.answer((stop) => describeServed(connection, address, settings, stop));
    const where = `Triton ${address.text}, model ${modelName}`;
    const planned = planModel(description, expected, where);
    const found = await prove(connection, planned, address, within);
    const { dimension } = found;
    checkDimension({ name: planned.outputName, datatype: planned.outputType, dimension }, expected, where);
    const batches = description.configuration === "read" ? {} : await batchesOf(connection, planned, expected.batchSize, address, within);
    const base = { connection, description, plan: { ...planned, ...batches, dimension }, proof: found.proof, trust: found.trust };
    if (!(connection instanceof HttpConnection)) return { ...base, reason: "gRPC is configured" };
    return await shareMemory({ ...base, connection }, address, settings, within);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Reconnects to a server that was unavailable. Reads the model's description again and sends the probe image again. */
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

/**
 * Sends the probe image. Throws `model_invalid` when the returned vector has NaN, infinity or only zeros, because such a vector cannot be
 * compared with other vectors.
 */
async function prove(connection: Connection, plan: ModelPlan, address: Address, within: Deadlines) {
  const { losses } = connection;
  const { dimension, ...proof } = await within.inference((stop) => probe(connection, plan, address, stop));
  if (!isComparable(proof.vector)) {
    throw new HeadraceError(
      "model_invalid",
      `Triton ${address.text}, output ${plan.outputName}: expected finite numbers that are not all zero, found others`,
      { hint: "Test the model with an image: it returns NaN, infinity or only zeros." },
    );
  }
  const trust = new Trust();
  trust.record(proof.version, losses);
  return { dimension, proof, trust };
}

/**
 * Finds the maximum batch size of a model when the server does not return config.pbtxt. Sends a full batch: if Triton refuses the batch,
 * the error text names the maximum.
 */
async function batchesOf(connection: Connection, plan: ModelPlan, wanted: number | null, address: Address, within: Deadlines) {
  if (plan.maxBatch === 1) return {};
  try {
    await within.inference((stop) => probe(connection, plan, address, stop, plan.maxBatch));
    return {};
  } catch (error) {
    const limit = rowLimitIn(error);
    if (limit !== null) return { maxBatch: limit, preferredBatch: Math.min(limit, wanted ?? limit) };
    if (isTooLarge(error)) return {};
    throw error;
  }
}

/** Makes a request with `rows` copies of the probe image. All pixel rows of the probe image differ. */
function probeRequest(plan: ModelPlan, rows: number): InferRequest {
  const row = rowBytes(plan.input);
  const bytes = new Uint8Array(row * rows);
  // The highest byte of each float is 0x3c to 0x3f, so that float16 and float32 values are below 2 and never NaN or infinity.
  const step = { uint8: 1, float16: 2, float32: 4 }[plan.input.dtype];
  for (let i = 0; i < row; i += 1) {
    bytes[i] = step > 1 && i % step === step - 1 ? 0x3c + ((i >> 4) & 3) : (i * 31 + (i >> 7) * 17) & 0xff;
  }
  for (let filled = 1; filled < rows; filled += 1) bytes.copyWithin(filled * row, 0, row);
  return inferRequest(plan, rows, bytes);
}

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

/** Switches from HTTP to shared memory if an inference through shared memory returns the same vector as over HTTP. */
async function shareMemory(
  link: Omit<Link, "reason"> & { readonly connection: HttpConnection },
  address: Address,
  { transport, parallelOf }: LinkSettings,
  within: Deadlines,
): Promise<Link> {
  if (transport === "http") return { ...link, reason: "HTTP is configured" };
  const impossible = whyNoSharedMemory(address);
  if (impossible !== null) {
    if (transport === "shm") throw refused(address, impossible, undefined);
    return { ...link, reason: `HTTP, because ${impossible}` };
  }
  const minBytes = rowBytes(link.plan.input) * link.plan.preferredBatch;
  const trial = new SharedMemoryConnection(link.connection, { maxRegions: 1, minBytes: 0, whenRefused: "fail" });
  try {
    await within.answer((stop) => trial.sweep(stop));
    const { vector } = await within.inference((stop) => probe(trial, link.plan, address, stop));
    if (!compareVectors(vector, link.proof.vector).same) {
      throw new HeadraceError("embedder_unavailable", "shared memory: expected the same vector as over HTTP, found another");
    }
  } catch (error) {
    const { code, message } = HeadraceError.from(error);
    if (code === "aborted") throw error;
    if (transport === "shm") throw refused(address, message, error);
    return { ...link, reason: `HTTP, because shared memory does not work: ${message} (recent servers need --allow-client-shm=true)` };
  } finally {
    await trial.releaseRegions();
  }
  const whenRefused = transport === "auto" ? "http" : "fail";
  const maxRegions = parallelOf(link.description.instances);
  const shared = new SharedMemoryConnection(link.connection, { maxRegions, minBytes, whenRefused });
  return { ...link, connection: shared, reason: "shared memory: the server is on this machine, and a probe through it was right" };
}

function whyNoSharedMemory(address: Address): string | null {
  if (!isThisMachine(address)) return "the server is on another machine";
  return existsSync(sharedMemoryFolder) ? null : `this system has no ${sharedMemoryFolder}`;
}

function refused(address: Address, why: string, cause: unknown): HeadraceError {
  return new HeadraceError("config_invalid", `Triton ${address.text}: expected shared memory (triton.transport shm), found none: ${why}`, {
    cause,
    hint: "Start the server with --allow-client-shm=true and access to this machine's /dev/shm, or set triton.transport to auto or http.",
  });
}
