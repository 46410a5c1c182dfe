/** Gives the stored rows of a collection labels, without embedding an image: read → label → store. */
import type { Labeller } from "../chain/index.js";
import type { Collection, Filter, Metadata, Run, RunOptions } from "../contracts/index.js";
import { from, run } from "../engine/index.js";
import { type LabelSet, labelKey, scoreKey } from "../kit/index.js";
import { isLabelledAs, relabelSink, storeSink, withLabels } from "../stages/index.js";
import { batchRows, filteredRows, firstRows, type RowsPlan, rowSource } from "./rows.js";
import type { WriteWidths } from "./write-widths.js";

/** Counts rows by their best label, or sums up their scores. The memory depends on the number of labels only. */
export class LabelTally {
  readonly #set: LabelSet;
  readonly #counts = new Map<string, number>();
  #unlabelled = 0;
  #scores = { rows: 0, sum: 0, lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY };

  constructor(set: LabelSet) {
    this.#set = set;
  }

  /** `metadata`: of a row that has its labels. */
  readonly add = (metadata: Metadata): void => {
    const label = metadata[labelKey(1, this.#set)] ?? null;
    const score = this.#set === null ? null : (metadata[scoreKey(this.#set)] ?? null);
    if (label !== null) this.#counts.set(String(label), (this.#counts.get(String(label)) ?? 0) + 1);
    else if (score !== null) this.#addScore(Number(score));
    else this.#unlabelled += 1;
  };

  /** The labels with their numbers of rows, the most frequent first. */
  get labels(): readonly (readonly [label: string, rows: number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }

  /** Number of rows without a label or a score. */
  get unlabelled(): number {
    return this.#unlabelled;
  }

  /** Null if there are none. */
  get scores(): ScoreSummary | null {
    const { rows, sum, lowest, highest } = this.#scores;
    return rows === 0 ? null : { rows, lowest, mean: sum / rows, highest };
  }

  #addScore(score: number): void {
    const { rows, sum, lowest, highest } = this.#scores;
    this.#scores = { rows: rows + 1, sum: sum + score, lowest: Math.min(lowest, score), highest: Math.max(highest, score) };
  }
}

/** The scores of rows. */
export interface ScoreSummary {
  readonly rows: number;
  readonly lowest: number;
  readonly mean: number;
  readonly highest: number;
}

export interface ClassifyPlan extends Pick<RowsPlan, "settle">, WriteWidths {
  readonly collection: Collection;
  /** Default: all rows. */
  readonly filter?: Filter;
  readonly labeller: Labeller;
  readonly tally: LabelTally;
  /** Maximum number of bytes per write. */
  readonly writeMaxBytes: number;
  /** Checks the store with a real call. Throws when the call fails. */
  readonly checkStore: (signal: AbortSignal) => Promise<void>;
  readonly options: RunOptions;
}

/** Rows that have their labels already are skipped, so a second run continues the first one. */
export function classify(plan: ClassifyPlan): Run {
  const { collection, labeller, tally } = plan;
  const store = storeSink(collection, { now: Date.now, check: plan.checkStore });
  const pipeline = from(rowSource({ ...plan, origin: filteredRows(plan.collection, plan.filter) })).into(
    relabelSink(store, collection, labeller, tally.add),
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
  plan: Pick<ClassifyPlan, "collection" | "filter" | "labeller" | "tally">,
  signal: AbortSignal,
): Promise<ClassifyPreview> {
  let rows = 0;
  let changes = 0;
  for await (const batch of firstRows(filteredRows(plan.collection, plan.filter), "include")) {
    signal.throwIfAborted();
    const vectors = batch.map(({ vector }) => vector!);
    const labels = await plan.labeller.label(vectors, signal);
    for (const [index, { facts }] of batch.entries()) {
      const metadata = withLabels(facts.metadata, labels[index]!, plan.labeller.set);
      plan.tally.add(metadata);
      if (!isLabelledAs(metadata, facts.metadata, plan.labeller.set)) changes += 1;
    }
    rows += batch.length;
  }
  return { rows, changes };
}
