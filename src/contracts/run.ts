/** How a run is started, watched and stopped. */
import type { Observer } from "./events.js";
import type { RunReport, RunSnapshot } from "./flow.js";

export interface RunOptions {
  /** Hard stop: abandon work now. */
  readonly signal?: AbortSignal;
  /** Default "overlapped". "sequential": one batch through all stages, then the next. */
  readonly schedule?: "overlapped" | "sequential";
  /** Items of one turn in the sequential schedule. Default: the largest batch of any lane. */
  readonly sequentialBatch?: number;
  /** Default 256 MiB. */
  readonly memoryBudgetBytes?: number;
  /** A soft stop that lasts longer becomes hard, and the report says "aborted". Default: no limit. */
  readonly drainTimeoutMs?: number;
  /** How long a stage may find its service away before the run ends. Default 300,000. */
  readonly maxOutageMs?: number;
  /** The run ends when more items than this have failed. Default: no limit. */
  readonly maxFailed?: number;
  /** The run ends when more than this share (0 to 1) of at least 100 settled items has failed. Default: no limit. */
  readonly maxFailedRatio?: number;
  readonly observer?: Observer;
}

/** A run that was started. */
export interface Run {
  /** Soft stop: read no more, finish what is in flight. Harmless when repeated. */
  drain(): void;
  /** How it stands now; cheap enough to be called a few times a second. */
  snapshot(): RunSnapshot;
  /** Never rejects: what went wrong is in the report. */
  readonly done: Promise<RunReport>;
}
