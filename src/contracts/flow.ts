/** The items that the engine passes from stage to stage, and the interfaces of sources, stages and sinks. */
import type { HeadraceError } from "./errors.js";
import type { ImageFacts, Key, Refusal, Row } from "./payloads.js";

/** One image in the pipeline. The result that a stage returns for an item has the `seq` of the item. */
export interface Item<T> {
  /** The position of the image in the source, from 0. No two items of a run have the same number. */
  readonly seq: number;
  /** Key of the row. An image has the same key in every run, so a second write replaces the row. */
  readonly id: Key;
  readonly facts: ImageFacts;
  /** Memory that the item uses now, in bytes. Before the image is read: the estimated maximum that the item will use. */
  readonly bytes: number;
  readonly value: T;
  /** Set when the source cannot provide the image. The engine then passes the item to no stage, and the item ends with this outcome. */
  readonly refused?: Refusal;
}

/** What a stage returns for one item. The engine uses `seq` to find the item of a result, never the position in the list. */
export type Result<O> =
  | { readonly kind: "ok"; readonly item: Item<O> }
  /** The vector of the image is already known. The engine passes the item directly to the sink, without the remaining stages. */
  | { readonly kind: "bypass"; readonly item: Item<Row> }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** What a sink returns for one item. "ok" means that the store has written the row durably. */
export type SinkResult =
  | { readonly kind: "ok"; readonly seq: number }
  | { readonly kind: "skip"; readonly seq: number; readonly reason: string }
  | { readonly kind: "fail"; readonly seq: number; readonly error: HeadraceError };

/** How an item ended. Every item that the source has delivered gets exactly one outcome: read = stored + skipped + failed + abandoned. */
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
  /** A hard stop ended the run before the item was stored, skipped or failed. */
  | { readonly kind: "abandoned"; readonly seq: number; readonly id: Key; readonly facts: ImageFacts };

/** One result of a diagnosis: a problem, or advice for more speed. */
export interface Finding {
  readonly severity: "problem" | "advice";
  readonly part: string;
  readonly message: string;
  /** What the user can do about the finding. */
  readonly hint: string;
}

/**
 * A component that is opened before use and closed after use. A part has one owner. Only the owner opens and closes the part; other code
 * just uses the open part. A run owns its source, stages and sink. A pipeline owns its store, readers, decoder, preprocessor and embedder,
 * even if the user's code created them.
 */
export interface Part {
  readonly name: string;
  /**
   * Connects the part and checks that the part can work. If the part cannot work, `open` must reject soon. The owner calls `open` once,
   * before the first use of the part. A failed `open` must release everything that it acquired. The owner may then call `open` again.
   */
  open?(signal: AbortSignal): Promise<void>;
  /**
   * Releases everything that `open` acquired. The owner calls `close` once for each successful `open`, after the last use of the part. The
   * owner also calls `close` when a hard stop came while `open` was still running. `close` must not throw.
   */
  close?(): Promise<void>;
  /** Returns problems of the part, and advice that would make the part faster. */
  diagnose?(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** Delivers the items of a run. */
export interface Source<T> extends Part {
  /** The engine pulls one item at a time. `stop` fires at a soft stop and at a hard stop. The iteration must then end. */
  read(stop: AbortSignal): AsyncIterable<Item<T>>;
  /** Acknowledges an item. The engine calls `settle` exactly once for each item that the source has delivered, with the final outcome. */
  settle?(outcome: Outcome): void | Promise<void>;
}

/** One step of the pipeline, such as decoding images. */
export interface Stage<I, O> extends Part {
  /**
   * Returns one result per item. If `process` throws, the whole batch fails, and the scope of the error decides what happens next.
   * `signal` fires only at a hard stop.
   */
  process(batch: readonly Item<I>[], signal: AbortSignal): Promise<readonly Result<O>[]>;
  /**
   * Called before `process`, for each batch, in runs whose stages overlap. Returns the items for the next stage, in the same order, if this
   * stage has nothing to do for the batch. Otherwise returns null, and `process` is called. Must be fast and must not throw. Default:
   * `process` is always called.
   */
  passOn?(batch: readonly Item<I>[]): readonly Item<O>[] | null;
  /**
   * Maximum number of concurrent calls of `process`. If the lane has more workers, the engine uses only this many and sends a notice to
   * the observer. Default: no limit.
   */
  readonly maxConcurrency?: number;
  /** Returns messages for the user that are new since the last call. The engine calls it after each batch and reports the messages. */
  notices?(): readonly string[];
}

/** The last step: writes rows to the store. The engine may write the same id twice. The second write must replace the first row. */
export interface Sink extends Part {
  process(batch: readonly Item<Row>[], signal: AbortSignal): Promise<readonly SinkResult[]>;
  readonly maxConcurrency?: number;
}

/** The settings with which the engine runs a stage: workers, batches, queue and retries. */
export interface Lane {
  /** Number of workers. Default 1. */
  readonly concurrency?: number;
  /** Number of batches that one worker processes at the same time. Default 1. */
  readonly batchesPerWorker?: number;
  /**
   * An incomplete batch waits for more items. It starts when no item has come for `lingerMs`, or when its oldest item has waited for
   * `maxLingerMs`. Default of `maxLingerMs`: `lingerMs`. Default of `batch`: every batch has one item and starts at once.
   */
  readonly batch?: {
    readonly maxItems: number;
    readonly maxBytes?: number;
    readonly lingerMs: number;
    readonly maxLingerMs?: number;
  };
  /** Maximum number of items that wait for the stage. Default: the size of one full batch, which is also the minimum. */
  readonly queue?: { readonly maxItems: number };
  /**
   * If true, an item enters this stage only when the memory budget has room for the bytes of the item. The batches of such a stage have one
   * item. At most one lane of a pipeline may be true. If no lane is true, the memory budget is not enforced. Default false.
   */
  readonly admit?: boolean;
  /** Retries of a batch that failed with a retryable error. Default: 3 attempts in total; the delay before the second is at most 100 ms. */
  readonly retry?: { readonly attempts: number; readonly baseDelayMs: number };
}

/**
 * How the workers of one stage spent their time. `busyMs`, `starvedMs`, `blockedMs` and `waitingMs` add up to the number of workers × the
 * wall time of the stage.
 */
export interface StageReport {
  readonly name: string;
  readonly workers: number;
  /** Number of items that the stage processed. */
  readonly items: number;
  readonly batches: number;
  readonly retries: number;
  /** Time in which workers processed batches. */
  readonly busyMs: number;
  /** Time in which workers had no input. */
  readonly starvedMs: number;
  /** Time in which workers waited for room in the queue of the next stage, or in the memory budget. */
  readonly blockedMs: number;
  /** Time in which workers waited before retries, during overloads and outages, and in calls that a service did not answer. */
  readonly waitingMs: number;
  /** The largest number of items that waited for the stage at one time. */
  readonly maxQueued: number;
}

/** What one stage does at one moment. */
export interface StageState {
  readonly name: string;
  /** Number of items that wait for the stage. */
  readonly queuedItems: number;
  /** Memory of these items, in bytes. Items that are not read yet count with the memory that they will use. */
  readonly queuedBytes: number;
  /** Maximum number of items that may wait. */
  readonly maxQueuedItems: number;
  /** Time that the slowest worker has spent on its present batch, in milliseconds; 0 if no worker has one. A wait before a retry ends it. */
  readonly longestBusyMs: number;
}

/** Items per outcome. After a run: read = stored + skipped + failed + abandoned. During a run, `read` also counts unfinished items. */
export interface Counts {
  readonly read: number;
  readonly stored: number;
  /** Rows that were stored with an already known vector, without inference. `stored` counts these rows too. */
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
}

/** The state of a run at one moment. */
export interface RunSnapshot extends Counts {
  readonly elapsedMs: number;
  /** Memory that all unfinished images use now, in bytes. */
  readonly inFlightBytes: number;
  readonly stages: readonly StageReport[];
}

/** How a run ended. */
export interface RunReport extends RunSnapshot {
  /**
   * Why the run ended. "completed": the source had no more items. "drained": a soft stop. "aborted": a hard stop. "failed": an error with
   * the scope "run".
   */
  readonly ended: "completed" | "drained" | "aborted" | "failed";
  /** The error that ended the run early. */
  readonly error?: HeadraceError;
  /** The largest value of `inFlightBytes` during the run. */
  readonly peakBytes: number;
}
