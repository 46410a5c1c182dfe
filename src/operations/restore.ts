/** Brings deleted rows back from a file: read → store. Rows that the collection has already stay as they are. */
import type { Collection, Run } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { storeSink } from "../stages/index.js";
import type { CopyPlan } from "./copy.js";
import { batchRows, firstRows, type RowsPlan, rowSource } from "./rows.js";

/** For stores that look and write in two calls. Other processes should have little time between the two. */
const rowsOfTwoCalls = 250;

export function restoreRows(plan: Omit<CopyPlan, "lookups">): Run {
  const { origin, target } = plan;
  const maxItems = Math.min(target.insertAbsent === undefined ? rowsOfTwoCalls : Number.POSITIVE_INFINITY, batchRows(origin.dimension));
  const pipeline = from(rowSource(plan)).into(storeSink(target, { now: Date.now, check: plan.checkStore, existing: "keep" }), {
    concurrency: plan.writers,
    batchesPerWorker: plan.batchesPerWriter,
    batch: { maxItems, maxBytes: plan.writeMaxBytes, lingerMs: 500 },
  });
  return run(pipeline, plan.options);
}

/** What a restoration would do, as numbers of rows. */
export interface RestoreCounts {
  /** Rows that would be written. */
  readonly restored: number;
  /** Rows that the collection has already. */
  readonly skipped: number;
}

/** Compares without writing. `target` is null when the collection does not exist. */
export async function previewRestore({ origin, limit }: RowsPlan, target: Collection | null, signal: AbortSignal): Promise<RestoreCounts> {
  const counts = { restored: 0, skipped: 0 };
  for await (const rows of firstRows(origin, "omit", limit)) {
    const ids = rows.map(({ id }) => id);
    const present = target === null ? 0 : (await target.known(ids, signal)).size;
    counts.skipped += present;
    counts.restored += rows.length - present;
  }
  return counts;
}
