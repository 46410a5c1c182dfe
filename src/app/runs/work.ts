/** A worker of a fleet: takes shards from a queue, and stores their images, until everything is done. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Observer, Outcome, RunSnapshot, WorkerNote, WorkQueue } from "../../contracts/index.js";
import { comparePlans, type FleetPlan, HeldShards, planOf, shardInputs } from "../../fleet/index.js";
import { whenAvailable } from "../../kit/index.js";
import { withCollection } from "../collections/named-collection.js";
import { outageLimit } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { planFor } from "./distribute.js";
import { type FailureLog, type IngestRun, type InsertStats, startIngest } from "./ingest-images.js";

export interface WorkRequest {
  readonly collectionName: string;
  /** "end": the worker ends when everything is done. "wait": it waits for more shards. Default "end". */
  readonly whenDone?: "end" | "wait";
  /** After `drain`, images in work have this long to end. Then they are abandoned, and other workers store them. Default 25,000. */
  readonly drainTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Ends the wait for a model or a store that is away when the worker starts. */
  readonly stop?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

const defaultDrainTimeoutMs = 25_000;
const announceEveryMs = 2_000;

/**
 * Throws, before the first shard is taken, if this worker would not store what the others store. Waits for a model or a store that is away, as
 * long as a run would.
 */
export async function startWork(parts: PipelineParts, queue: WorkQueue, request: WorkRequest): Promise<IngestRun> {
  const { observer } = request;
  const plan = await planOf(queue, request.collectionName);
  const stop = AbortSignal.any([request.signal, request.stop].filter((signal) => signal !== undefined));
  return patiently(parts, "start", stop, observer, () => start(parts, queue, plan, request));
}

/** Waits for a model or a store that is away, as long as a run would, and tells the observer. */
async function patiently<T>(
  { settings }: PipelineParts,
  stage: string,
  signal: AbortSignal,
  observer: Observer | undefined,
  call: () => Promise<T>,
): Promise<T> {
  let since: number | null = null;
  const done = await whenAvailable(call, {
    ...outageLimit(settings),
    signal,
    onUnavailable: (error) => {
      if (since === null) observer?.({ kind: "outage-started", stage, error });
      since ??= performance.now();
    },
  });
  if (since !== null) observer?.({ kind: "outage-ended", stage, elapsedMs: performance.now() - since });
  return done;
}

async function start(parts: PipelineParts, queue: WorkQueue, plan: FleetPlan, request: WorkRequest): Promise<IngestRun> {
  const { whenDone = "end", drainTimeoutMs = defaultDrainTimeoutMs, observer } = request;
  const { collection: collectionName } = plan;
  const signal = request.signal ?? new AbortController().signal;
  comparePlans(plan, await planFor(parts, collectionName, signal));
  // Names the store if the collection is not there, and is refused without the right to read it.
  const idType = await withCollection(parts, collectionName, "read", async (collection) => {
    await collection.isEmpty(signal);
    return collection.idType;
  });
  const soft = new AbortController();
  const shards = new HeldShards({
    queue,
    whenDone,
    list: (shard, stop) => shardInputs(shard, { ...parts.listingSettings, idType }, stop),
    upkeep: () => {
      const stop = AbortSignal.any([signal, soft.signal]);
      return patiently(parts, "upkeep", stop, observer, () => maintain(parts, collectionName, stop, observer));
    },
    notice: (message) => observer?.({ kind: "notice", message }),
  });
  const run = await startIngest(parts, {
    inputs: (stop) => shards.inputs(stop),
    collectionName,
    schedule: "overlapped",
    signal,
    ...(observer === undefined ? {} : { observer }),
    ...(request.onOutcome === undefined ? {} : { onOutcome: request.onOutcome }),
    shared: { failures: failuresOf(shards, queue), drainTimeoutMs },
  });
  const announcements = new Announcements(queue, newNote(), run);
  return {
    ...run,
    drain: () => {
      run.drain();
      soft.abort();
    },
    done: ended(run, shards, announcements),
  };
}

async function ended(run: IngestRun, shards: HeldShards, announcements: Announcements): Promise<InsertStats> {
  try {
    return await run.done;
  } finally {
    await shards.release();
    await announcements.end();
  }
}

/** The last job: it does what each ingestion does after its last row. */
async function maintain(parts: PipelineParts, name: string, signal: AbortSignal, observer: Observer | undefined): Promise<void> {
  await withCollection(parts, name, "write", async (collection) => {
    await collection.settle(signal, "all");
    await collection.upkeep("owed", signal, { onProgress: (progress) => observer?.({ kind: "upkeep", progress }) });
  });
}

function failuresOf(shards: HeldShards, queue: WorkQueue): FailureLog {
  let count = 0;
  return {
    path: "the queue",
    settle: (outcome) => shards.settle(outcome),
    finish: async () => {
      count = (await queue.status()).deadLetters;
    },
    get size() {
      return count;
    },
    get fromEarlierRuns() {
      return count;
    },
  };
}

function newNote(): WorkerNote {
  const now = Date.now();
  const start = { startedAt: now, at: now, stored: 0, imagesPerSecond: 0, verdict: "" };
  return { id: randomUUID(), host: hostname(), pid: process.pid, state: "working", ...start };
}

/** Tells the queue every two seconds how far the worker is. */
class Announcements {
  readonly #timer: ReturnType<typeof setInterval>;
  #last: Pick<RunSnapshot, "stored" | "elapsedMs"> = { stored: 0, elapsedMs: 0 };
  #sending: Promise<void> | null = null;

  constructor(
    readonly queue: WorkQueue,
    readonly note: WorkerNote,
    readonly run: Pick<IngestRun, "snapshot" | "verdict">,
  ) {
    this.#write(note);
    this.#timer = setInterval(() => this.#send("working"), announceEveryMs);
    this.#timer.unref();
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#send("ended");
    await this.#sending;
  }

  #send(state: WorkerNote["state"]): void {
    if (this.#sending !== null) return;
    const { stored, elapsedMs } = this.run.snapshot();
    const seconds = (elapsedMs - this.#last.elapsedMs) / 1000;
    const imagesPerSecond = state === "ended" || seconds <= 0 ? 0 : Math.round((stored - this.#last.stored) / seconds);
    this.#last = { stored, elapsedMs };
    this.#write({ ...this.note, state, stored, imagesPerSecond, verdict: this.run.verdict(), at: Date.now() });
  }

  /** A queue that does not answer is not an error here: taking the next shard finds out. */
  #write(note: WorkerNote): void {
    this.#sending = this.queue
      .announce(note)
      .catch(() => undefined)
      .finally(() => {
        this.#sending = null;
      });
  }
}
