/** The options of a run, and the methods to watch and stop it. */
import type { Observer } from "./events.js";
import type { RunReport, RunSnapshot, StageState } from "./flow.js";

/** Options of a run: limits, the observer, and the signal for a hard stop. */
export interface RunOptions {
  /** When this signal fires, the run stops hard: unfinished items are abandoned. */
  readonly signal?: AbortSignal;
  /**
   * "overlapped": all stages work at the same time on different batches. "sequential": one batch passes through all stages before the next
   * batch starts. Default "overlapped".
   */
  readonly schedule?: "overlapped" | "sequential";
  /** Number of items per batch in the sequential schedule. Default: the largest batch size of any lane. */
  readonly sequentialBatch?: number;
  /** Memory that all unfinished images may use together, in bytes. A larger image is processed alone. Default 256 MiB. */
  readonly memoryBudgetBytes?: number;
  /** A soft stop that takes longer than this becomes a hard stop. The run then ends as "aborted". Default: no limit. */
  readonly drainTimeoutMs?: number;
  /** The run fails when the inference server or the store is unavailable for longer than this. Default 300,000. */
  readonly maxOutageMs?: number;
  /** The run ends when more items than this have failed. Default: no limit. */
  readonly maxFailed?: number;
  /**
   * The run ends when more than this share (0 to 1) of the finished items has failed. The share is first checked when 100 items are
   * finished. Default: no limit.
   */
  readonly maxFailedRatio?: number;
  readonly observer?: Observer;
}

/** A run in progress. */
export interface Run {
  /** Starts a soft stop: the run reads no more items and finishes the items that it has read. Further calls have no effect. */
  drain(): void;
  /** Returns the current state of the run. It may be called a few times per second. */
  snapshot(): RunSnapshot;
  /** Returns what each stage does now, in the order of the stages; empty before the run has started. As cheap as `snapshot`. */
  stages(): readonly StageState[];
  /** Resolves to the report when the run has ended. This promise never rejects: errors are in the report. */
  readonly done: Promise<RunReport>;
}
