/** Gives the rows of a collection the metadata that their images' files contain, without embedding an image: rows → read → store. */
import type { Collection, Filter, Run, RunOptions, Sink } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { currentRowsSink } from "../kit/index.js";
import { type ReadStoredPicture, redescribeStage, storeSink } from "../stages/index.js";
import { batchRows, filteredRows, type RowsPlan, rowSource } from "./rows.js";
import type { WriteWidths } from "./write-widths.js";

export interface RefreshPlan extends Pick<RowsPlan, "settle">, WriteWidths {
  readonly collection: Collection;
  /** Default: all rows. */
  readonly filter?: Filter;
  readonly read: ReadStoredPicture;
  /** Number of images that are read at the same time. */
  readonly readers: number;
  /** "count": rows that would change count as stored, and nothing is written. */
  readonly purpose: "write" | "count";
  /** Maximum number of bytes per write. */
  readonly writeMaxBytes: number;
  /** Checks the store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly options: RunOptions;
}

/** Rows that have their metadata already are skipped, so a second run continues the first one. */
export function refreshMetadata(plan: RefreshPlan): Run {
  const { collection, purpose } = plan;
  const store = storeSink(collection, { now: Date.now, check: plan.checkStore });
  const pipeline = from(rowSource({ ...plan, origin: filteredRows(collection, plan.filter) }))
    .through(redescribeStage(plan.read), { concurrency: plan.readers })
    .into(purpose === "count" ? countingSink : currentRowsSink(store, collection), {
      concurrency: plan.writers,
      batchesPerWorker: plan.batchesPerWriter,
      batch: { maxItems: batchRows(collection.dimension), maxBytes: plan.writeMaxBytes, lingerMs: 500 },
    });
  return run(pipeline, plan.options);
}

const countingSink: Sink = {
  name: "count",
  process: async (batch) => batch.map(({ seq }) => ({ kind: "ok", seq })),
};
