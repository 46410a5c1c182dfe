/** A work queue on Redis or Valkey. Shards are jobs of BullMQ, so tools such as Bull Board show them. */
import { randomUUID } from "node:crypto";
import {
  HeadraceError,
  type Lease,
  type Shard,
  type TakeOptions,
  type UpkeepState,
  type WorkerNote,
  type WorkQueue,
  type WorkStatus,
} from "../../contracts/index.js";
import { chunksOf, unlessAborted } from "../../kit/index.js";
import { type Connection, type ConnectionOptions, connect } from "./connection.js";
import { queueError } from "./errors.js";
import { HeldLeases } from "./held-leases.js";
import { checkQueueName, prefix } from "./names.js";
import { Records } from "./records.js";
import { type Job, loadBullmq, type Queue, type Worker } from "./vendor.js";

export interface BullmqQueueOptions extends ConnectionOptions {
  /** Name of the queue: that of the collection. */
  readonly name: string;
  /** A lease that is not extended, because its worker has died, ends after this time. Default 30,000. */
  readonly leaseMs?: number;
  /** A shard that could not be listed is tried again after this time. Default 5,000. */
  readonly retryDelayMs?: number;
}

/** Throws `name_invalid`. */
export function bullmqQueue(options: BullmqQueueOptions): WorkQueue {
  checkQueueName(options.name);
  return new BullmqQueue(options);
}

/** Number of times that a shard is tried which cannot be listed. */
const attempts = 3;
/** A shard whose workers have died this often counts as failed: it may be what kills them. */
const maxCrashes = 10;
/** Shorter than the time that a run gives its source to end after a stop. */
const idleSeconds = 0.5;
const jobsPerCall = 500;
const maxFailuresShown = 10;
/** Jobs of a paused queue wait, too. */
const waitingStates = ["wait", "delayed"] as const;

interface Opened extends Connection {
  readonly queue: Queue;
  readonly worker: Worker;
  readonly records: Records;
  readonly leases: HeldLeases;
}

class BullmqQueue implements WorkQueue {
  readonly name = "bullmq";
  readonly #options: BullmqQueueOptions;
  #opened: Opened | null = null;

  constructor(options: BullmqQueueOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { name, leaseMs = 30_000, retryDelayMs = 5_000 } = this.#options;
    const { bullmq } = await loadBullmq();
    const connection = await connect(this.#options);
    const { client, server } = connection;
    const shared = { connection: client, prefix, skipVersionCheck: true };
    const tries = { attempts, backoff: { type: "fixed", delay: retryDelayMs } };
    const defaultJobOptions = { ...tries, removeOnComplete: false, removeOnFail: false };
    const queue = new bullmq.Queue(name, { ...shared, defaultJobOptions });
    const times = { lockDuration: leaseMs, stalledInterval: leaseMs / 2, drainDelay: idleSeconds };
    const worker = new bullmq.Worker(name, null, { ...shared, ...times, maxStalledCount: maxCrashes, autorun: false });
    // The connection tells of outages. Without these listeners, BullMQ would end the process.
    queue.on("error", () => undefined);
    worker.on("error", () => undefined);
    const records = new Records(client, name);
    const keepResult = records.keepResult.bind(records);
    this.#opened = { ...connection, queue, worker, records, leases: new HeldLeases({ worker, leaseMs, server, keepResult }) };
    try {
      await this.#call(() => Promise.all([records.probe(), worker.waitUntilReady()]));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#opened === null) return;
    const { queue, worker, leases, client, expectClose } = this.#opened;
    this.#opened = null;
    expectClose();
    leases.close();
    await Promise.allSettled([worker.close(true), queue.close()]);
    client.disconnect();
  }

  plan(): Promise<string | null> {
    return this.#call(({ records }) => records.plan());
  }

  pin(plan: string): Promise<string> {
    return this.#call(({ records }) => records.pin(plan));
  }

  filling(): Promise<void> {
    return this.#call(({ records }) => records.filling());
  }

  filled(added: number): Promise<void> {
    return this.#call(({ records }) => records.filled(added));
  }

  add(shards: readonly Shard[]): Promise<number> {
    return this.#call(async ({ queue }) => {
      let added = 0;
      for (const some of chunksOf(shards, jobsPerCall)) {
        const fresh = await this.#unknown(some);
        await queue.addBulk(fresh.map((shard) => ({ name: "shard", data: shard, opts: { jobId: shard.id } })));
        added += fresh.length;
      }
      return added;
    });
  }

  async take({ signal, whenDone }: TakeOptions): Promise<Lease | null> {
    await this.#call(({ worker }) => worker.startStalledCheckTimer());
    while (!signal.aborted) {
      const lease = await this.#next(signal);
      if (lease !== null) return lease;
      const { records, queue } = this.#parts();
      const [plan, { isFilled, epoch }, counts] = await this.#call(() =>
        Promise.all([records.plan(), records.state(), queue.getJobCounts(...waitingStates, "active")]),
      );
      if (plan === null) return null;
      const isDone = isFilled && Object.values(counts).every((count) => count === 0);
      if (isDone && !(await this.#addUpkeep(epoch)) && whenDone === "end") return null;
    }
    return null;
  }

  status(): Promise<WorkStatus> {
    return this.#call(async ({ queue, records }) => {
      const [counts, paused, { isFilled, epoch }, { counts: sums, prunedShards }, deadLetters, workers] = await Promise.all([
        queue.getJobCounts(...waitingStates, "active", "completed", "failed"),
        queue.isPaused(),
        records.state(),
        records.counts(),
        records.letterCount(),
        records.workers(),
      ]);
      const states = await Promise.all(Array.from({ length: epoch }, (_, at) => queue.getJobState(upkeepId(at + 1))));
      const upkeeps = states.map(upkeepState);
      const without = (count: number | undefined, state: UpkeepState) => (count ?? 0) - upkeeps.filter((each) => each === state).length;
      const failed = await queue.getJobs(["failed"], 0, maxFailuresShown - 1);
      return {
        state: isFilled ? "filled" : "filling",
        paused,
        shards: {
          waiting: without(
            waitingStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0),
            "waiting",
          ),
          active: without(counts["active"], "active"),
          done: without(counts["completed"], "done") + prunedShards,
          failed: without(counts["failed"], "failed"),
        },
        counts: sums,
        deadLetters,
        upkeep: upkeeps.at(-1) ?? "none",
        workers,
        failures: failed.map((job) => ({ id: job.id ?? "", message: job.failedReason })),
      };
    });
  }

  pause(): Promise<void> {
    return this.#call(({ queue }) => queue.pause());
  }

  resume(): Promise<void> {
    return this.#call(({ queue }) => queue.resume());
  }

  cancel(): Promise<void> {
    return this.#call(async ({ queue, records }) => {
      await records.drop();
      await queue.obliterate({ force: true });
    });
  }

  prune(): Promise<number> {
    return this.#call(async ({ queue, records }) => {
      const ids = await queue.clean(0, Number.POSITIVE_INFINITY, "completed");
      const shards = ids.filter((id) => !id.startsWith(upkeepPrefix));
      await records.pruneResults(shards);
      await records.pruneWorkers();
      return shards.length;
    });
  }

  retryFailed(): Promise<number> {
    return this.#call(async ({ queue }) => {
      const { failed = 0 } = await queue.getJobCounts("failed");
      await queue.retryJobs({ state: "failed" });
      return failed;
    });
  }

  announce(note: WorkerNote): Promise<void> {
    return this.#call(({ records }) => records.announce(note));
  }

  async *deadLetters(): AsyncGenerator<string> {
    const { records, server } = this.#parts();
    try {
      yield* records.letters();
    } catch (cause) {
      throw queueError(cause, server);
    }
  }

  /** Waits up to `idleSeconds` for a job. A job that comes after the signal is given back. */
  async #next(signal: AbortSignal): Promise<Lease | null> {
    const { worker, leases } = this.#parts();
    const token = randomUUID();
    const coming: Promise<Job | undefined> = this.#call(() => worker.getNextJob(token));
    const job = await unlessAborted(coming, signal, "take").catch(async (error: unknown) => {
      if (!signal.aborted) throw error;
      const late = await coming;
      if (late !== undefined) await this.#call(() => late.moveToWait(token));
      return undefined;
    });
    if (job === undefined) return null;
    if (job.deferredFailure === undefined) return leases.hold(job, token);
    const reason = `its workers died ${maxCrashes} times: ${job.deferredFailure}`;
    await this.#call(() => job.moveToFailed(new HeadraceError("unexpected", reason), token, false));
    return null;
  }

  async #unknown(shards: readonly Shard[]): Promise<readonly Shard[]> {
    const { client, queue } = this.#parts();
    const asked = client.pipeline();
    for (const { id } of shards) asked.exists(queue.toKey(id));
    const answers = (await asked.exec()) ?? [];
    for (const [error] of answers) if (error !== null) throw error;
    return shards.filter((_, at) => answers[at]?.[1] === 0);
  }

  /** Returns false if upkeep has been added before, or if there is nothing to maintain. */
  async #addUpkeep(epoch: number): Promise<boolean> {
    if (epoch === 0) return false;
    return this.#call(async ({ queue }) => {
      const id = upkeepId(epoch);
      if (upkeepState(await queue.getJobState(id)) !== "none") return false;
      // Several workers may add it: they add the same job.
      await queue.add("upkeep", null, { jobId: id });
      return true;
    });
  }

  #parts(): Opened {
    if (this.#opened !== null) return this.#opened;
    throw new HeadraceError("usage_invalid", "queue: expected an open queue, found a closed one", { hint: "Open it first." });
  }

  async #call<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const opened = this.#parts();
    try {
      return await work(opened);
    } catch (cause) {
      throw queueError(cause, opened.server);
    }
  }
}

const upkeepPrefix = "upkeep-";

function upkeepId(epoch: number): string {
  return `${upkeepPrefix}${epoch}`;
}

function upkeepState(state: string): UpkeepState {
  if (state === "unknown") return "none";
  if (state === "completed") return "done";
  return state === "active" || state === "failed" ? state : "waiting";
}
