/** The options of a run with every default filled in. */
import type { RunOptions } from "../contracts/index.js";
import { mebibyte } from "../kit/index.js";
import { integerFrom, nonNegative, positive } from "./numbers.js";
import type { Pipeline } from "./pipeline.js";

export interface RunSettings {
  readonly schedule: "overlapped" | "sequential";
  readonly sequentialBatch: number;
  readonly memoryBudgetBytes: number;
  readonly drainTimeoutMs: number;
  readonly maxOutageMs: number;
  readonly maxFailed: number;
  readonly maxFailedRatio: number;
}

/** Fills in the defaults. Throws `config_invalid` for invalid options. */
export function settingsOf(pipeline: Pipeline, options: RunOptions): RunSettings {
  const largestBatch = Math.max(...pipeline.steps.map((step) => step.lane.batchItems));
  return {
    schedule: options.schedule ?? "overlapped",
    sequentialBatch: integerFrom(1, options.sequentialBatch ?? largestBatch, "sequentialBatch"),
    memoryBudgetBytes: positive(options.memoryBudgetBytes ?? 256 * mebibyte, "memoryBudgetBytes"),
    drainTimeoutMs: nonNegative(options.drainTimeoutMs ?? Number.POSITIVE_INFINITY, "drainTimeoutMs"),
    maxOutageMs: nonNegative(options.maxOutageMs ?? 300_000, "maxOutageMs"),
    maxFailed: nonNegative(options.maxFailed ?? Number.POSITIVE_INFINITY, "maxFailed"),
    maxFailedRatio: nonNegative(options.maxFailedRatio ?? 1, "maxFailedRatio"),
  };
}
