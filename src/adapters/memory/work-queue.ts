/** A work queue in this process, for tests. All connections to one `MemoryWork` share its shards. */
import {
  HeadraceError,
  type Lease,
  type Shard,
  type ShardCounts,
  type ShardResult,
  type TakeOptions,
  type UpkeepState,
  type WorkerNote,
  type WorkQueue,
  type WorkStatus,
} from "../../contracts/index.js";
import { listenForAbort, startTimer } from "../../kit/index.js";

type JobState = "waiting" | "active" | "done" | "failed";

interface Job {
  readonly work: Shard | "upkeep";
  state: JobState;
  attempts: number;
  /** The lease in force. */
  holder: object | null;
  result: ShardResult | null;
  message: string;
}

/** The state that connections share. */
export interface MemoryWork {
  readonly jobs: Map<string, Job>;
  readonly letters: Map<string, string>;
  readonly workers: Map<string, WorkerNote>;
  plan: string | null;
  state: "filling" | "filled";
  paused: boolean;
  epoch: number;
  pruned: { shards: number; counts: ShardCounts };
  readonly changes: EventTarget;
}

export interface MemoryQueueOptions {
  /** Default: work of its own. */
  readonly work?: MemoryWork;
  /** A lease that is not extended ends after this time. Default 30,000. */
  readonly leaseMs?: number;
}

const maxAttempts = 3;
const noCounts: ShardCounts = { read: 0, stored: 0, reused: 0, skipped: 0, failed: 0 };

export function memoryWork(): MemoryWork {
  return {
    jobs: new Map(),
    letters: new Map(),
    workers: new Map(),
    plan: null,
    state: "filled",
    paused: false,
    epoch: 0,
    pruned: { shards: 0, counts: noCounts },
    changes: new EventTarget(),
  };
}

/** `crash`: ends the connection as the death of its process would. Its leases are no longer extended. */
export function memoryQueue(options: MemoryQueueOptions = {}): WorkQueue & { crash(): void } {
  return new MemoryQueue(options.work ?? memoryWork(), options.leaseMs ?? 30_000);
}

class MemoryQueue implements WorkQueue {
  readonly name = "memory";
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isDead = false;

  constructor(
    readonly work: MemoryWork,
    readonly leaseMs: number,
  ) {}

  crash(): void {
    this.#isDead = true;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async plan(): Promise<string | null> {
    return this.work.plan;
  }

  async pin(plan: string): Promise<string> {
    this.work.plan ??= plan;
    return this.work.plan;
  }

  async filling(): Promise<void> {
    this.work.state = "filling";
  }

  async add(shards: readonly Shard[]): Promise<number> {
    const added = shards.filter(({ id }) => !this.work.jobs.has(id));
    for (const shard of added) this.work.jobs.set(shard.id, newJob(shard));
    this.#changed();
    return added.length;
  }

  async filled(added: number): Promise<void> {
    this.work.state = "filled";
    if (added > 0) this.work.epoch += 1;
    this.#changed();
  }

  async take({ signal, whenDone }: TakeOptions): Promise<Lease | null> {
    for (;;) {
      if (signal.aborted || this.work.plan === null) return null;
      const found = this.work.paused ? undefined : [...this.work.jobs].find(([, job]) => job.state === "waiting");
      if (found !== undefined) return this.#lease(found[1]);
      if (!this.work.paused && this.#isDone() && !this.#addUpkeep() && whenDone === "end") return null;
      if (!this.#hasWaiting()) await this.#change(signal);
    }
  }

  async status(): Promise<WorkStatus> {
    const { state, paused, letters, workers, pruned } = this.work;
    const jobs = [...this.work.jobs.values()].filter(({ work }) => work !== "upkeep");
    const count = (wanted: JobState) => jobs.filter((job) => job.state === wanted).length;
    return {
      state,
      paused,
      shards: { waiting: count("waiting"), active: count("active"), done: count("done") + pruned.shards, failed: count("failed") },
      counts: jobs.reduce((sum, { result }) => plus(sum, result?.counts ?? noCounts), pruned.counts),
      deadLetters: letters.size,
      upkeep: this.#upkeepState(),
      workers: [...workers.values()],
      failures: jobs
        .filter((job) => job.state === "failed")
        .slice(0, 10)
        .map(({ work, message }) => ({ id: (work as Shard).id, message })),
    };
  }

  async pause(): Promise<void> {
    this.work.paused = true;
  }

  async resume(): Promise<void> {
    this.work.paused = false;
    this.#changed();
  }

  async cancel(): Promise<void> {
    this.work.plan = null;
    this.work.jobs.clear();
    this.work.epoch = 0;
    this.work.paused = false;
    this.work.pruned = { shards: 0, counts: noCounts };
    this.#changed();
  }

  async prune(): Promise<number> {
    let pruned = 0;
    for (const [id, { work, state, result }] of this.work.jobs) {
      if (state !== "done" || work === "upkeep") continue;
      this.work.jobs.delete(id);
      this.work.pruned = { shards: this.work.pruned.shards + 1, counts: plus(this.work.pruned.counts, result?.counts ?? noCounts) };
      pruned += 1;
    }
    for (const [id, { state }] of this.work.workers) if (state === "ended") this.work.workers.delete(id);
    return pruned;
  }

  async retryFailed(): Promise<number> {
    const failed = [...this.work.jobs.values()].filter(({ state }) => state === "failed");
    for (const job of failed) Object.assign(job, { state: "waiting", attempts: 0 });
    this.#changed();
    return failed.length;
  }

  async announce(note: WorkerNote): Promise<void> {
    this.work.workers.set(note.id, note);
  }

  async *deadLetters(): AsyncGenerator<string> {
    yield* [...this.work.letters.values()];
  }

  #lease(job: Job): Lease {
    const holder = {};
    const lost = new AbortController();
    Object.assign(job, { state: "active", holder });
    let timer: ReturnType<typeof setTimeout>;
    const isHeld = () => job.holder === holder && this.work.jobs.get(idOf(job.work, this.work.epoch)) === job;
    const extend = () => {
      timer = startTimer(() => {
        this.#timers.delete(timer);
        if (!isHeld()) return lost.abort();
        if (!this.#isDead) return extend();
        Object.assign(job, { state: "waiting", holder: null });
        this.#changed();
      }, this.leaseMs / 3);
      this.#timers.add(timer);
    };
    extend();
    const end = (change: Partial<Job>): "done" | "lost" => {
      clearTimeout(timer);
      this.#timers.delete(timer);
      if (!isHeld()) return "lost";
      Object.assign(job, { ...change, holder: null });
      this.#changed();
      return "done";
    };
    return {
      work: job.work,
      lost: lost.signal,
      acknowledge: async (result) => {
        const ended = end({ state: "done", result });
        for (const source of result?.cured ?? []) this.work.letters.delete(source);
        for (const [source, entry] of result?.failed ?? []) this.work.letters.set(source, entry);
        return ended;
      },
      giveBack: async () => {
        end({ state: "waiting" });
      },
      fail: async (error) => {
        const attempts = job.attempts + 1;
        const id = idOf(job.work, this.work.epoch);
        // It is tried again after the others.
        if (this.work.jobs.delete(id)) this.work.jobs.set(id, job);
        end({ state: attempts < maxAttempts ? "waiting" : "failed", attempts, message: error.message });
      },
    };
  }

  #hasWaiting(): boolean {
    return !this.work.paused && [...this.work.jobs.values()].some(({ state }) => state === "waiting");
  }

  #isDone(): boolean {
    return this.work.state === "filled" && [...this.work.jobs.values()].every(({ state }) => state === "done" || state === "failed");
  }

  /** Returns false if upkeep has been added before, or if there is nothing to maintain. */
  #addUpkeep(): boolean {
    const id = idOf("upkeep", this.work.epoch);
    if (this.work.epoch === 0 || this.work.jobs.has(id)) return false;
    this.work.jobs.set(id, newJob("upkeep"));
    return true;
  }

  #upkeepState(): UpkeepState {
    return this.work.jobs.get(idOf("upkeep", this.work.epoch))?.state ?? "none";
  }

  #changed(): void {
    this.work.changes.dispatchEvent(new Event("change"));
  }

  #change(signal: AbortSignal): Promise<void> {
    if (this.#isDead) throw new HeadraceError("queue_unavailable", "memory: expected a live connection, found a crashed one");
    return new Promise((resolve) => {
      const end = () => {
        this.work.changes.removeEventListener("change", end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      this.work.changes.addEventListener("change", end);
      listenForAbort(signal, end);
    });
  }
}

function newJob(work: Job["work"]): Job {
  return { work, state: "waiting", attempts: 0, holder: null, result: null, message: "" };
}

function idOf(work: Job["work"], epoch: number): string {
  return work === "upkeep" ? `upkeep-${epoch}` : work.id;
}

function plus(a: ShardCounts, b: ShardCounts): ShardCounts {
  return {
    read: a.read + b.read,
    stored: a.stored + b.stored,
    reused: a.reused + b.reused,
    skipped: a.skipped + b.skipped,
    failed: a.failed + b.failed,
  };
}
