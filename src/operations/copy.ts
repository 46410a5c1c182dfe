/** Rows of one collection, or of a file, into another: read → known → store. Nothing is embedded. */
import type { Collection, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { knownRowsOf, knownRowsStage, storeSink } from "../stages/index.js";
import { batchRows, firstRows, type RowsPlan, rowSource } from "./rows.js";

export interface CopyPlan extends RowsPlan {
  readonly target: Collection;
  /** "omit" for a target that was empty at the start: nothing can be there. */
  readonly lookups: "include" | "omit";
  /** Batches that the store is given at once. */
  readonly writers: number;
  /** Of one write, at most. */
  readonly writeMaxBytes: number;
  /** Asks the target's store for a real answer. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly options: RunOptions;
}

export function copy(plan: CopyPlan): Run {
  const { origin, target } = plan;
  const maxItems = batchRows(origin.dimension);
  const pipeline = from(rowSource(plan))
    .through(knownRowsStage(target, plan.lookups), { batch: { maxItems, lingerMs: 20 } })
    .into(storeSink(target, { now: Date.now, maxConcurrency: plan.writers, check: plan.checkStore }), {
      concurrency: plan.writers,
      batch: { maxItems, maxBytes: plan.writeMaxBytes, lingerMs: 500 },
    });
  return run(pipeline, plan.options);
}

/** What a copy would do. */
export interface CopyPreview {
  readonly listed: number;
  /** There already, with the same version and metadata. */
  readonly known: number;
  /** Would be written. */
  readonly fresh: number;
}

/** `target` is null when it does not exist yet. */
export async function previewCopy({ origin, limit }: RowsPlan, target: Collection | null, signal: AbortSignal): Promise<CopyPreview> {
  let listed = 0;
  let known = 0;
  for await (const rows of firstRows(origin, "omit", limit)) {
    listed += rows.length;
    if (target !== null) known += (await knownRowsOf(target, rows, signal)).size;
  }
  return { listed, known, fresh: listed - known };
}
