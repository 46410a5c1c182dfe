/**
 * Embeds a batch on one server. Splits a batch that exceeds a proxy's body limit, sets deadlines, and checks that the model has not
 * changed.
 */
import { HeadraceError } from "../../contracts/index.js";
import { checkAborted, withDeadline } from "../../kit/index.js";
import type { Endpoint } from "./endpoints.js";
import { bodyLimitHint, isTooLarge, requestToTriton, translateLate } from "./errors.js";
import type { Link } from "./link.js";
import { inferRequest } from "./model.js";
import { readVectors } from "./output.js";
import type { SameModel } from "./sameness.js";

export interface InferenceOptions {
  readonly sameModel: SameModel;
  readonly modelName: string;
  /** Time limit of one request. */
  readonly timeoutMs: number;
  /** Time limit of one readiness check. */
  readonly readyTimeoutMs: number;
  /** Called with each notice for the user. */
  readonly notify: (message: string) => void;
}

/** A server counts as hung when the number of its timeouts in a row reaches the number of its open requests times this factor. */
const roundsBeforeHung = 2;

export class Inference {
  readonly #options: InferenceOptions;

  constructor(options: InferenceOptions) {
    this.#options = options;
  }

  /** Embeds `rows` images. Returns the vectors of all images in one array. */
  async run(rows: number, bytes: Uint8Array, link: Link, endpoint: Endpoint, signal: AbortSignal): Promise<Float32Array> {
    const rowBytes = bytes.byteLength / rows;
    const parts: Float32Array[] = [];
    for (let from = 0; from < rows; ) {
      const count = endpoint.bodyLimit.next(rows - from);
      const part = bytes.subarray(from * rowBytes, (from + count) * rowBytes);
      const vectors = await this.#request(count, part, link, endpoint, signal).catch((error: unknown) => {
        if (!isTooLarge(error)) throw error;
        this.#refused(count, part.byteLength, endpoint, error);
        return null;
      });
      if (vectors === null) continue;
      this.#passed(count, part.byteLength, endpoint);
      if (count === rows) return vectors;
      parts.push(vectors);
      from += count;
    }
    return joined(parts);
  }

  /** Checks that the server answers and serves the run's model. */
  async check(link: Link, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const probed = (stop: AbortSignal) => this.#options.sameModel.prove({ address: endpoint.address, link }, null, stop);
    await this.#timed(probed, link, endpoint, signal);
  }

  async #request(rows: number, bytes: Uint8Array, link: Link, endpoint: Endpoint, signal: AbortSignal): Promise<Float32Array> {
    const { sameModel } = this.#options;
    const { address } = endpoint;
    const server = { address, link };
    if (sameModel.needsProof(server)) await this.#timed((stop) => sameModel.prove(server, null, stop), link, endpoint, signal);
    const { vectors, version } = await this.#timed(
      async (stop) => {
        const answer = await link.connection.infer(inferRequest(link.plan, rows, bytes), stop);
        const where = `Triton ${address.text}, output ${link.plan.outputName}`;
        return { ...readVectors(answer, link.plan, rows, where), version: answer.version };
      },
      link,
      endpoint,
      signal,
    );
    // The server may have answered with a version of the model that is not proven. The vectors are returned only after that version is
    // proven.
    if (sameModel.needsProof(server, version)) await this.#timed((stop) => sameModel.prove(server, version, stop), link, endpoint, signal);
    return vectors;
  }

  /** Runs `work` with a deadline. After a timeout, finds out whether the server or the batch is at fault. */
  async #timed<T>(work: (signal: AbortSignal) => Promise<T>, link: Link, endpoint: Endpoint, signal: AbortSignal): Promise<T> {
    const { timeoutMs } = this.#options;
    try {
      const result = await withDeadline(work, { call: requestToTriton, signal, timeoutMs, late: () => this.#late(endpoint, "alive") });
      endpoint.timeoutsInRow = 0;
      return result;
    } catch (error) {
      const known = HeadraceError.from(error);
      if (known.code !== "timed_out") {
        if (known.scope === "batch") endpoint.timeoutsInRow = 0;
        throw known;
      }
      endpoint.timeoutsInRow += 1;
      if (endpoint.timeoutsInRow >= roundsBeforeHung * endpoint.openRequests) throw this.#late(endpoint, "hung");
      if (!(await this.#isReady(link, signal))) throw this.#late(endpoint, "frozen");
      throw known;
    }
  }

  #late(endpoint: Endpoint, server: "alive" | "frozen" | "hung"): HeadraceError {
    const { modelName, timeoutMs } = this.#options;
    return translateLate({ server: endpoint.address.text, model: modelName }, timeoutMs, server);
  }

  async #isReady(link: Link, signal: AbortSignal): Promise<boolean> {
    const late = (afterMs: number) =>
      new HeadraceError("timed_out", `Triton readiness check: expected an answer within ${afterMs} ms, found none`);
    try {
      const { readyTimeoutMs: timeoutMs } = this.#options;
      await withDeadline((stop) => link.connection.ready(stop), { call: requestToTriton, signal, timeoutMs, late });
      return true;
    } catch {
      checkAborted(signal, requestToTriton);
      return false;
    }
  }

  #refused(rows: number, bytes: number, endpoint: Endpoint, error: unknown): void {
    endpoint.bodyLimit.refused(rows);
    if (rows > 1) return;
    const message = `Triton ${endpoint.address.text}: expected one image of ${bytes} bytes to be accepted, found a body limit below that (413)`;
    throw new HeadraceError("embedder_unavailable", message, { cause: error, hint: bodyLimitHint });
  }

  #passed(rows: number, bytes: number, endpoint: Endpoint): void {
    const limit = endpoint.bodyLimit.passed(rows);
    if (limit === null) return;
    const limitBytes = Math.round((bytes / rows) * limit);
    this.#options.notify(
      `Requests to Triton ${endpoint.address.text} are limited to about ${limitBytes} bytes: batches of ${limit} from now on. ${bodyLimitHint}`,
    );
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
