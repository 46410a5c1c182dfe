/**
 * Shares one embedder between requests that somebody waits for and runs. Requests go first. Requests that arrive while a batch is in work
 * share the next batch. A request that finds the embedder idle does not wait.
 */
import type { Embedder, Slab, Vectors } from "../../contracts/index.js";
import { checkAborted, listenForAbort, plainSlab, rowBytes, unlessAborted } from "../../kit/index.js";
import { ForwardingEmbedder } from "./forwarding-embedder.js";
import type { WaitingCalls } from "./open-calls.js";
import { RunPace } from "./run-pace.js";

/** The tensors of one request. */
interface Request {
  readonly slab: Slab;
  readonly signal: AbortSignal;
  readonly resolve: (vectors: Vectors) => void;
  readonly reject: (error: unknown) => void;
}

const call = "waiting for the embedder";
/** Under steady load by requests, every fifth batch is one of a run. Otherwise, runs would stand still. */
const maxRequestBatches = 4;

export class EmbedderQueue {
  /** For requests: tensors are copied into batches that requests share. */
  readonly forRequests: Embedder;
  /** For runs, which bring whole batches. */
  readonly forRuns: Embedder;
  readonly #inner: Embedder;
  readonly #parallel: () => number;
  readonly #requests: Request[] = [];
  readonly #runs: (() => void)[] = [];
  readonly #pace: RunPace;
  #running = 0;
  /** How many batches of requests in work could have had more rows. */
  #partial = 0;
  #requestBatches = 0;

  /** `inner` must be open, and its owner closes it. `parallel` returns how many batches may be in work. Runs slow down for late `calls`. */
  constructor(inner: Embedder, parallel: () => number, calls: WaitingCalls) {
    this.#inner = inner;
    this.#parallel = parallel;
    this.#pace = new RunPace(calls, () => this.#advance());
    this.forRequests = new ForRequests(inner, (slab, signal) => this.#join(slab, signal));
    this.forRuns = new ForRuns(inner, (slab, signal) => this.#runBatch(slab, signal));
  }

  async #join(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    checkAborted(signal, call);
    let leave = (): void => undefined;
    const embedded = new Promise<Vectors>((resolve, reject) => {
      const request = { slab, signal, resolve, reject };
      leave = () => remove(this.#requests, request);
      this.#requests.push(request);
    });
    listenForAbort(signal, leave);
    this.#advance();
    try {
      return await unlessAborted(embedded, signal, call);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  async #runBatch(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    try {
      await this.#turnOfRun(signal);
    } catch (error) {
      slab.release();
      throw error;
    }
    const startedMs = performance.now();
    try {
      return await this.#inner.embed(slab, signal);
    } finally {
      this.#pace.end(performance.now() - startedMs);
      this.#running -= 1;
      this.#advance();
    }
  }

  async #turnOfRun(signal: AbortSignal): Promise<void> {
    checkAborted(signal, call);
    let leave = (): void => undefined;
    const turn = new Promise<void>((begin) => {
      leave = () => remove(this.#runs, begin);
      this.#runs.push(begin);
    });
    listenForAbort(signal, leave);
    this.#advance();
    try {
      await unlessAborted(turn, signal, call);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Starts batches while there is room for them. */
  #advance(): void {
    while (this.#running < this.#parallel()) {
      const run = this.#runs.length > 0 && this.#pace.mayStart() ? this.#runs[0] : undefined;
      if (this.#isDue() && (run === undefined || this.#requestBatches < maxRequestBatches)) {
        this.#requestBatches += 1;
        void this.#embedShared(this.#nextBatch());
      } else if (run === undefined) return;
      else {
        this.#requestBatches = 0;
        this.#runs.shift();
        this.#pace.begin();
        this.#running += 1;
        run();
      }
    }
  }

  /** Requests wait while a batch with room for them is in work, until they fill a batch of their own. */
  #isDue(): boolean {
    if (this.#requests.length === 0) return false;
    return this.#partial === 0 || rowsOf(this.#requests) >= this.#inner.feed.preferredBatch;
  }

  #nextBatch(): readonly Request[] {
    const { preferredBatch } = this.#inner.feed;
    let rows = 0;
    const end = this.#requests.findIndex(({ slab }, index) => {
      rows += slab.rows;
      return rows > preferredBatch && index > 0;
    });
    return this.#requests.splice(0, end < 0 ? this.#requests.length : end);
  }

  /** Gives each request its vectors, or the error. When all requests are aborted, so is the batch. */
  async #embedShared(batch: readonly Request[]): Promise<void> {
    const rows = rowsOf(batch);
    const partial = rows < this.#inner.feed.preferredBatch ? 1 : 0;
    const ending = new AbortController();
    let waiting = batch.length;
    const listeners = batch.map(({ signal }) => {
      const onAbort = (): void => {
        waiting -= 1;
        if (waiting === 0) ending.abort(signal.reason);
      };
      listenForAbort(signal, onAbort);
      return () => signal.removeEventListener("abort", onAbort);
    });
    this.#running += 1;
    this.#partial += partial;
    try {
      const { values, dimension } = await this.#inner.embed(this.#joined(batch, rows), ending.signal);
      let row = 0;
      for (const { slab, resolve } of batch) {
        resolve({ dimension, values: values.subarray(row * dimension, (row + slab.rows) * dimension) });
        row += slab.rows;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const removeListener of listeners) removeListener();
      this.#running -= 1;
      this.#partial -= partial;
      this.#advance();
    }
  }

  #joined(batch: readonly Request[], rows: number): Slab {
    const joined = this.#inner.lease(rows);
    let row = 0;
    for (const { slab } of batch) {
      joined.bytes.set(slab.bytes, row * joined.rowBytes);
      row += slab.rows;
    }
    return joined;
  }
}

class ForRuns extends ForwardingEmbedder {
  readonly #embed: Embedder["embed"];

  constructor(inner: Embedder, embed: Embedder["embed"]) {
    super(inner);
    this.#embed = embed;
  }

  override embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    return this.#embed(slab, signal);
  }
}

class ForRequests extends ForRuns {
  override lease(rows: number): Slab {
    return plainSlab(rows, rowBytes(this.inner.input));
  }
}

const rowsOf = (requests: readonly Request[]): number => requests.reduce((rows, { slab }) => rows + slab.rows, 0);

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
