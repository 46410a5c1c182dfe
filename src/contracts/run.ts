/** How a run is started, watched and stopped. */
import type { Observer } from "./events.js";
import type { RunReport, RunSnapshot } from "./flow.js";

/** The limits of a run, and how it is watched and stopped. */
export interface RunOptions {
  /** Hard stop: items in flight are abandoned. */
  readonly signal?: AbortSignal;
  /** "overlapped": all stages work at once. "sequential": one batch passes through all stages, then the next. Default "overlapped". */
  readonly schedule?: "overlapped" | "sequential";
  /** Items that pass through all stages together in the sequential schedule. Default: the largest batch of any lane. */
  readonly sequentialBatch?: number;
  /** Bytes that all images in flight may hold together. An image that is larger enters alone. Default 256 MiB. */
  readonly memoryBudgetBytes?: number;
  /** A soft stop that takes longer becomes a hard stop, and the report says "aborted". Default: no limit. */
  readonly drainTimeoutMs?: number;
  /** How long the service behind a stage may be unavailable before the run ends. Default 300,000. */
  readonly maxOutageMs?: number;
  /** The run ends when more items have failed. Default: no limit. */
  readonly maxFailed?: number;
  /** The run ends when a larger share (0 to 1) of the settled items has failed. Applies from 100 settled items. Default: no limit. */
  readonly maxFailedRatio?: number;
  readonly observer?: Observer;
}

/** A run in progress. */
export interface Run {
  /** Soft stop: reads no more items and finishes the ones in flight. Harmless when repeated. */
  drain(): void;
  /** The current state. Cheap enough to be called a few times per second. */
  snapshot(): RunSnapshot;
  /** The report at the end. Never rejects: errors are in the report. */
  readonly done: Promise<RunReport>;
}
