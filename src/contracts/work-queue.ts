/** The interface of a durable queue, from which many processes take parts of one source. */
import type { HeadraceError } from "./errors.js";
import type { Part } from "./flow.js";

/** A part of a source that one worker reads at a time. */
export interface Shard {
  /** The same part of the same source always has the same id. At most 64 letters, digits, `-` and `_`. */
  readonly id: string;
  /** Number of images. null: it is known only when the shard is read. */
  readonly items: number | null;
  /** What to read: data that JSON can hold. Its meaning is up to the caller. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** How the images of a shard ended: read = stored + skipped + failed. `reused` images are also in `stored`. */
export interface ShardCounts {
  readonly read: number;
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
}

/** What a worker reports when the last image of a shard has ended. */
export interface ShardResult {
  readonly counts: ShardCounts;
  /** The entries of images that failed, by name. The name says which image the entry is about. */
  readonly failed: ReadonlyMap<string, string>;
  /** The names of entries of earlier failures that are removed, because their images were stored. Entries in `failed` stay. */
  readonly cured: readonly string[];
}

/** The right to work on one shard. It extends itself until it is acknowledged, given back, failed or lost. */
export interface Lease {
  /** "upkeep": the last job, which follows when all shards have ended. */
  readonly work: Shard | "upkeep";
  /** Fires when the lease is lost: the work was cancelled, or another worker has taken the shard over. Reading it can then stop. */
  readonly lost: AbortSignal;
  /** Ends the shard. "lost": another worker has it now and will report it. Upkeep has no result. */
  acknowledge(result: ShardResult | null): Promise<"done" | "lost">;
  /** Lets another worker take the shard at once. Does nothing if the lease is lost. */
  giveBack(): Promise<void>;
  /** Reports that the work cannot be done now. It is tried again later; after three times it counts as failed. */
  fail(error: HeadraceError): Promise<void>;
}

/** What one worker says about itself. */
export interface WorkerNote {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** When the worker started, and when it wrote this note, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly at: number;
  /** "working" also while it waits for a shard. "ended": it left by itself. */
  readonly state: "working" | "ended";
  /** Images that it has stored since it started. */
  readonly stored: number;
  /** Images that it stored per second, in the last seconds. */
  readonly imagesPerSecond: number;
  /** What limits its speed, in one sentence. */
  readonly verdict: string;
}

export type UpkeepState = "none" | "waiting" | "active" | "done" | "failed";

/** How far the work is. */
export interface WorkStatus {
  /** "filling": shards are still being added, or the process that adds them has died. "filled": all shards are there. */
  readonly state: "filling" | "filled";
  readonly paused: boolean;
  readonly shards: { readonly waiting: number; readonly active: number; readonly done: number; readonly failed: number };
  /** The sums over all shards that are done. */
  readonly counts: ShardCounts;
  /** Number of images with an entry of a failure. */
  readonly deadLetters: number;
  readonly upkeep: UpkeepState;
  readonly workers: readonly WorkerNote[];
  /** The first shards that failed as a whole, with the reason. At most 10. */
  readonly failures: readonly { readonly id: string; readonly message: string }[];
}

/** How `take` waits. */
export interface TakeOptions {
  /** Ends the wait: `take` resolves to null. */
  readonly signal: AbortSignal;
  /** "end": `take` resolves to null when everything is done. "wait": it waits for more shards. */
  readonly whenDone: "end" | "wait";
}

/** The work on one collection, shared by all processes that open a queue with the same address and name. */
export interface WorkQueue extends Part {
  /** Returns the plan that all workers must follow; null if there is none, or if the work was cancelled. */
  plan(): Promise<string | null>;
  /** Stores the plan unless there is one, and returns the one in force. */
  pin(plan: string): Promise<string>;
  /** Says that shards will be added. Upkeep then waits until `filled`. */
  filling(): Promise<void>;
  /** Adds shards. Returns how many were new: a shard whose id is known is not added again, even if it is done. */
  add(shards: readonly Shard[]): Promise<number>;
  /** Says that all shards were added. `added`: how many of them were new. */
  filled(added: number): Promise<void>;
  /** Waits for work. Resolves to null if the work was cancelled, or as the options say. One call at a time. */
  take(options: TakeOptions): Promise<Lease | null>;
  status(): Promise<WorkStatus>;
  /** Workers finish the shards that they have, and take no others until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Drops the plan and all shards. Workers lose their leases. What is stored stays, and so do the entries of failures. */
  cancel(): Promise<void>;
  /** Forgets shards that are done, but not their counts, and workers that have ended. Returns the number of shards. */
  prune(): Promise<number>;
  /** Tries shards again that failed as a whole. Returns their number. */
  retryFailed(): Promise<number>;
  /** Replaces this worker's note. */
  announce(note: WorkerNote): Promise<void>;
  /** Streams the entries of all images that failed and were not stored since. */
  deadLetters(): AsyncIterable<string>;
}
