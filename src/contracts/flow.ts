/** What the engine moves, and what it asks of sources, stages and sinks. */
import type { HeadraceError } from "./errors.js";
import type { ImageFacts, Key, Refusal, Row } from "./payloads.js";

/** One image on its way. A stage answers with the same `seq`. */
export interface Item<T> {
  /** Numbered by the source, from 0 in input order; never reused in a run. */
  readonly seq: number;
  /** Stable across runs, so that writing it again is an upsert. */
  readonly id: Key;
  readonly facts: ImageFacts;
  /** What it holds in memory now, in bytes; an estimate of the most it will hold while it waits to be read. */
  readonly bytes: number;
  readonly value: T;
  /** For what a source names but cannot hand on: the item ends so as it is read, and reaches no stage. */
  readonly refused?: Refusal;
}

/** What a stage says of one item. Matched by seq, never by position. */
export type Result<O> =
  | { readonly kind: "ok"; readonly item: Item<O> }
  /** Straight to the sink: its vector is known already. */
  | { readonly kind: "bypass"; readonly item: Item<Row> }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** What a sink says of one item: "ok" means durable. */
export type SinkResult =
  | { readonly kind: "ok"; readonly seq: number }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** How an item ended. Every item read gets exactly one: read = stored + skipped + failed + abandoned. */
export type Outcome =
  | { readonly kind: "stored"; readonly seq: number; readonly id: Key; readonly facts: ImageFacts; readonly reused: boolean }
  | {
      readonly kind: "skipped";
      readonly seq: number;
      readonly id: Key;
      readonly facts: ImageFacts;
      readonly stage: string;
      readonly reason: string;
    }
  | {
      readonly kind: "failed";
      readonly seq: number;
      readonly id: Key;
      readonly facts: ImageFacts;
      readonly stage: string;
      readonly error: HeadraceError;
      readonly attempts: number;
    }
  /** A hard stop reached it first. */
  | { readonly kind: "abandoned"; readonly seq: number; readonly id: Key; readonly facts: ImageFacts };

/** Something that is wrong, or could be faster. */
export interface Finding {
  readonly severity: "problem" | "advice";
  readonly part: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/**
 * The life of everything that is plugged in. A part has one owner, who opens and closes it; everybody else borrows it in between. A run
 * owns its source, stages and sink. A pipeline owns its store, readers, decoder, preprocessor and embedder, whoever made them.
 */
export interface Part {
  readonly name: string;
  /**
   * Connects and checks; fails fast. Called before the part is used, and once, however many calls need it. When it rejects, it has given
   * back what it took, and may be called again.
   */
  open?(signal: AbortSignal): Promise<void>;
  /** Called once for each `open` that succeeded, or that a hard stop did not wait for, when the part is used no more; must not throw. */
  close?(): Promise<void>;
  /** What is wrong, and what would be faster. */
  diagnose?(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** Where items come from. */
export interface Source<T> extends Part {
  /** Pulled, never pushed. `stop` fires on soft and hard stop alike: end the iteration. */
  read(stop: AbortSignal): AsyncIterable<Item<T>>;
  /** The acknowledgement: called exactly once for each item read, with its final outcome. */
  settle?(outcome: Outcome): void | Promise<void>;
}

/** One step on the way. */
export interface Stage<I, O> extends Part {
  /** One result for each item. Throwing fails the whole batch by the error's scope. `signal` fires on hard stop only. */
  process(batch: readonly Item<I>[], signal: AbortSignal): Promise<readonly Result<O>[]>;
  /** A wider lane is capped to this, with a notice. */
  readonly maxConcurrency?: number;
  /** Sentences for people since the last call; asked after each batch, and told as notices. */
  notices?(): readonly string[];
}

/** The last step. Writing the same id again must be harmless. */
export interface Sink extends Part {
  process(batch: readonly Item<Row>[], signal: AbortSignal): Promise<readonly SinkResult[]>;
  readonly maxConcurrency?: number;
}

/** How a stage is fed. */
export interface Lane {
  /** Batches at once. Default 1. */
  readonly concurrency?: number;
  /** Default: one item, no linger. Age is measured from the oldest item in the queue. */
  readonly batch?: { readonly maxItems: number; readonly maxBytes?: number; readonly lingerMs: number };
  /** Items waiting before the stage. Default: one full batch; never less than that. */
  readonly queue?: { readonly maxItems: number };
  /** Items wait for their bytes here, one at a time: exactly one lane of a pipeline. */
  readonly admit?: boolean;
  /** For failed batches whose error is retryable. Default: 3 attempts in all, 100 ms before the second. */
  readonly retry?: { readonly attempts: number; readonly baseDelayMs: number };
}

/** How one stage spent its workers' time. The four times add up to workers × the stage's wall time. */
export interface StageReport {
  readonly name: string;
  readonly workers: number;
  /** Items that went through. */
  readonly items: number;
  readonly batches: number;
  readonly retries: number;
  /** Processing. */
  readonly busyMs: number;
  /** No input. */
  readonly starvedMs: number;
  /** No room behind, or in memory. */
  readonly blockedMs: number;
  /** Retry, throttle, outage, and calls that a service did not answer. */
  readonly waitingMs: number;
  /** The most items that waited in its queue. */
  readonly maxQueued: number;
}

export interface Counts {
  readonly read: number;
  readonly stored: number;
  /** Of the stored: those whose vector was known already. */
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
}

/** How a run stands: a snapshot on the way, or the report at the end. */
export interface RunSnapshot extends Counts {
  readonly elapsedMs: number;
  /** Bytes of images in flight now. */
  readonly inFlightBytes: number;
  readonly stages: readonly StageReport[];
}

export interface RunReport extends RunSnapshot {
  /** "drained": a soft stop finished in time. "aborted": a hard stop. "failed": an error of scope run. */
  readonly ended: "completed" | "drained" | "aborted" | "failed";
  /** Why it ended early. */
  readonly error?: HeadraceError;
  /** The most bytes of images in flight at once. */
  readonly peakBytes: number;
}
