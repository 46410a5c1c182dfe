/** Copies the rows of a collection or a file into another collection, without embedding: read → known → store. */
import type { Collection, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { knownRowsOf, knownRowsStage, storeSink } from "../stages/index.js";
import { batchRows, firstRows, type RowsPlan, rowSource } from "./rows.js";
import type { WriteWidths } from "./write-widths.js";

export interface CopyPlan extends RowsPlan, WriteWidths {
  readonly target: Collection;
  /** Whether to look up which rows the target already has. Use "omit" for a target that is empty at the start. */
  readonly lookups: "include" | "omit";
  /** Maximum number of bytes per write. */
  readonly writeMaxBytes: number;
  /** Checks the target's store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly options: RunOptions;
}

export function copy(plan: CopyPlan): Run {
  const { origin, target } = plan;
  const maxItems = batchRows(origin.dimension);
  const pipeline = from(rowSource(plan))
    .through(knownRowsStage(target, plan.lookups), { batch: { maxItems, lingerMs: 20 } })
    .into(storeSink(target, { now: Date.now, check: plan.checkStore }), {
      concurrency: plan.writers,
      batchesPerWorker: plan.batchesPerWriter,
      batch: { maxItems, maxBytes: plan.writeMaxBytes, lingerMs: 500 },
    });
  return run(pipeline, plan.options);
}

/** What a copy would do, as numbers of rows. */
export interface CopyPreview {
  readonly listed: number;
  /** Rows that the target already has, with the same version and metadata. */
  readonly known: number;
  /** Rows that the copy would write. */
  readonly fresh: number;
}

/** Compares origin and target without writing. `target` is null when the target collection does not exist. */
export async function previewCopy({ origin, limit }: RowsPlan, target: Collection | null, signal: AbortSignal): Promise<CopyPreview> {
  let listed = 0;
  let known = 0;
  for await (const rows of firstRows(origin, "omit", limit)) {
    listed += rows.length;
    if (target !== null) known += (await knownRowsOf(target, rows, signal)).size;
  }
  return { listed, known, fresh: listed - known };
}
