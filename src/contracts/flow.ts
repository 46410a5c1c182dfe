/** The items that the engine moves, and the contracts of sources, stages and sinks. */
import type { HeadraceError } from "./errors.js";
import type { ImageFacts, Key, Refusal, Row } from "./payloads.js";

/** One image in the pipeline. A stage returns its result with the same `seq`. */
export interface Item<T> {
  /** Number that the source gives in input order, from 0. It is never reused within a run. */
  readonly seq: number;
  /** Key of the row. It is the same in every run, so that writing the item again replaces the row. */
  readonly id: Key;
  readonly facts: ImageFacts;
  /** Memory that the item holds now, in bytes. Before the image is read: an estimate of the most that the item will hold. */
  readonly bytes: number;
  readonly value: T;
  /** Set when the source cannot provide the item. The item then ends with this outcome and reaches no stage. */
  readonly refused?: Refusal;
}

/** What a stage returns for one item. Results are matched to items by `seq`, never by position. */
export type Result<O> =
  | { readonly kind: "ok"; readonly item: Item<O> }
  /** The vector is known already: the item goes straight to the sink. */
  | { readonly kind: "bypass"; readonly item: Item<Row> }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** What a sink returns for one item. "ok" means that the row is durable. */
export type SinkResult =
  | { readonly kind: "ok"; readonly seq: number }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** How an item ended. Every item that is read gets exactly one outcome: read = stored + skipped + failed + abandoned. */
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
  /** A hard stop came before the item was done. */
  | { readonly kind: "abandoned"; readonly seq: number; readonly id: Key; readonly facts: ImageFacts };

/** A problem, or advice that makes something faster. */
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
  /** Lists problems, and advice that would make the part faster. */
  diagnose?(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** Where items come from. */
export interface Source<T> extends Part {
  /** The engine pulls one item at a time. `stop` fires at a soft and at a hard stop: end the iteration then. */
  read(stop: AbortSignal): AsyncIterable<Item<T>>;
  /** Acknowledges an item. Called exactly once per item that was read, with its final outcome. */
  settle?(outcome: Outcome): void | Promise<void>;
}

/** One step of the pipeline. */
export interface Stage<I, O> extends Part {
  /** Returns one result per item. When it throws, the whole batch fails with the scope of the error. `signal` fires only at a hard stop. */
  process(batch: readonly Item<I>[], signal: AbortSignal): Promise<readonly Result<O>[]>;
  /** Maximum number of batches at once. If the lane has more workers, the engine uses fewer and tells the observer. Default: no limit. */
  readonly maxConcurrency?: number;
  /** Returns new messages for people. Called after each batch; the engine passes them on as notices. */
  notices?(): readonly string[];
}

/** The last step. The engine may write the same id again, so a second write must replace the first. */
export interface Sink extends Part {
  process(batch: readonly Item<Row>[], signal: AbortSignal): Promise<readonly SinkResult[]>;
  readonly maxConcurrency?: number;
}

/** How the engine feeds a stage: workers, batches, queue and retries. */
export interface Lane {
  /** Workers, each with one batch at a time. Default 1. */
  readonly concurrency?: number;
  /** A batch waits for more items until its oldest item is `lingerMs` old. Default: batches of one item, which never wait. */
  readonly batch?: { readonly maxItems: number; readonly maxBytes?: number; readonly lingerMs: number };
  /** Items that may wait in front of the stage. Default: one full batch, which is also the minimum. */
  readonly queue?: { readonly maxItems: number };
  /**
   * True for the lane at which items wait until the memory budget has room for their bytes. Its batches hold one item. A pipeline has at
   * most one such lane. Without it, the budget is not enforced. Default false.
   */
  readonly admit?: boolean;
  /** For failed batches with a retryable error. Default: 3 attempts in total, and at most 100 ms before the second one. */
  readonly retry?: { readonly attempts: number; readonly baseDelayMs: number };
}

/** How the workers of one stage spent their time. The four times add up to the number of workers × the wall time of the stage. */
export interface StageReport {
  readonly name: string;
  readonly workers: number;
  /** Number of items that the stage processed. */
  readonly items: number;
  readonly batches: number;
  readonly retries: number;
  /** Time spent processing. */
  readonly busyMs: number;
  /** Time without input. */
  readonly starvedMs: number;
  /** Time spent waiting for room in the next queue, or in the memory budget. */
  readonly blockedMs: number;
  /** Time spent waiting before retries, during overloads and outages, and in calls that a service did not answer. */
  readonly waitingMs: number;
  /** Maximum number of items that its queue held. */
  readonly maxQueued: number;
}

/** Items by outcome: read = stored + skipped + failed + abandoned. During a run, items in flight are part of `read` only. */
export interface Counts {
  readonly read: number;
  readonly stored: number;
  /** Stored rows that took over a known vector without inference. Part of `stored`. */
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
}

/** The state of a run at one moment. */
export interface RunSnapshot extends Counts {
  readonly elapsedMs: number;
  /** Bytes that all images in flight hold now. */
  readonly inFlightBytes: number;
  readonly stages: readonly StageReport[];
}

/** How a run ended. */
export interface RunReport extends RunSnapshot {
  /** "completed": everything was read. "drained": a soft stop. "aborted": a hard stop. "failed": an error with the scope "run". */
  readonly ended: "completed" | "drained" | "aborted" | "failed";
  /** Why the run ended early. */
  readonly error?: HeadraceError;
  /** Maximum of `inFlightBytes` during the run. */
  readonly peakBytes: number;
}
