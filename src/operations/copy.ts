/** Copies the rows of a collection or a file into another collection: read → known → store. Nothing is embedded. */
import type { Collection, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { knownRowsOf, knownRowsStage, storeSink } from "../stages/index.js";
import { batchRows, firstRows, type RowsPlan, rowSource } from "./rows.js";

export interface CopyPlan extends RowsPlan {
  readonly target: Collection;
  /** "omit" for a target that is empty at the start, where no row can be known. */
  readonly lookups: "include" | "omit";
  /** Batches that the store is given at once. */
  readonly writers: number;
  /** Maximum bytes per write. */
  readonly writeMaxBytes: number;
  /** Makes a real call to the store of the target. Throws when it fails. */
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

/** What a copy would do, in rows. */
export interface CopyPreview {
  readonly listed: number;
  /** In the target already, with the same version and metadata. */
  readonly known: number;
  /** Rows that would be written. */
  readonly fresh: number;
}

/** Compares without writing. `target` is null when the collection does not exist. */
export async function previewCopy({ origin, limit }: RowsPlan, target: Collection | null, signal: AbortSignal): Promise<CopyPreview> {
  let listed = 0;
  let known = 0;
  for await (const rows of firstRows(origin, "omit", limit)) {
    listed += rows.length;
    if (target !== null) known += (await knownRowsOf(target, rows, signal)).size;
  }
  return { listed, known, fresh: listed - known };
}
