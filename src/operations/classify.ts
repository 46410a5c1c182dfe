/** Gives the stored rows of a collection labels, without embedding an image: read → label → store. */
import type { Labeller } from "../chain/index.js";
import type { Collection, Filter, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { bestLabel, isLabelledAs, relabelSink, storeSink, withLabels } from "../stages/index.js";
import { batchRows, filteredRows, firstRows, type RowsPlan, rowSource } from "./rows.js";
import type { WriteWidths } from "./write-widths.js";

/** Counts rows by their best label. The memory depends on the number of labels only. */
export class LabelTally {
  readonly #counts = new Map<string | null, number>();

  /** `label` null: a row without a label. */
  readonly add = (label: string | null): void => {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  };

  /** The labels with their numbers of rows, the most frequent first. */
  get labels(): readonly (readonly [label: string, rows: number])[] {
    return [...this.#counts].flatMap(([label, rows]) => (label === null ? [] : [[label, rows] as const])).sort(([, a], [, b]) => b - a);
  }

  /** Number of rows without a label. */
  get unlabelled(): number {
    return this.#counts.get(null) ?? 0;
  }
}

export interface ClassifyPlan extends Pick<RowsPlan, "settle">, WriteWidths {
  readonly collection: Collection;
  /** Default: all rows. */
  readonly filter?: Filter;
  readonly label: Labeller;
  readonly tally: LabelTally;
  /** Maximum number of bytes per write. */
  readonly writeMaxBytes: number;
  /** Checks the store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly options: RunOptions;
}

/** Rows that have their labels already are skipped, so a second run continues the first one. */
export function classify(plan: ClassifyPlan): Run {
  const { collection, label, tally } = plan;
  const store = storeSink(collection, { now: Date.now, check: plan.checkStore });
  const pipeline = from(rowSource({ ...plan, origin: filteredRows(plan.collection, plan.filter) })).into(
    relabelSink(store, collection, label, tally.add),
    {
      concurrency: plan.writers,
      batchesPerWorker: plan.batchesPerWriter,
      batch: { maxItems: batchRows(collection.dimension), maxBytes: plan.writeMaxBytes, lingerMs: 500 },
    },
  );
  return run(pipeline, plan.options);
}

/** What `classify` would do. */
export interface ClassifyPreview {
  readonly rows: number;
  /** Rows whose labels would change. */
  readonly changes: number;
}

/** Labels all rows without writing, and counts them in `tally`. */
export async function previewClassify(
  plan: Pick<ClassifyPlan, "collection" | "filter" | "label" | "tally">,
  signal: AbortSignal,
): Promise<ClassifyPreview> {
  let rows = 0;
  let changes = 0;
  for await (const batch of firstRows(filteredRows(plan.collection, plan.filter), "include")) {
    signal.throwIfAborted();
    for (const { vector, facts } of batch) {
      const metadata = withLabels(facts.metadata, vector!, plan.label);
      plan.tally.add(bestLabel(metadata));
      if (!isLabelledAs(metadata, facts.metadata)) changes += 1;
    }
    rows += batch.length;
  }
  return { rows, changes };
}
