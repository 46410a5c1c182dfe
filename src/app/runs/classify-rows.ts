/** `classify`: writes labels into the metadata of stored rows, without embedding an image. */
import type { LabelChoice } from "../../chain/index.js";
import { type Collection, HeadraceError, type Observer, type Outcome, type RunReport, type RunSnapshot } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { mebibyte } from "../../kit/index.js";
import { batchRows, classify, LabelTally, previewClassify, type ScoreSummary } from "../../operations/index.js";
import { labelOf } from "../collections/addresses.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import { openNamed } from "../collections/named-collection.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { labellerOf, type OpenedLabeller, openHeadLabeller } from "../wiring/labellers.js";
import { runOptions, writeWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { writingRun } from "./writing-run.js";

/** Which rows get which labels. */
export interface ClassifyRequest {
  /**
   * The labels to choose from. Default: all labels of the model. A model that takes any text needs a list. With `head`: the names of its classes,
   * in their order.
   */
  readonly labels?: readonly string[];
  /**
   * The file of a head, a small model that takes the stored vectors: ONNX, or the arrays of a linear layer as `.npz`. One that has classes
   * writes labels and their probability, another one a single number.
   */
  readonly head?: string;
  /** What the head gets: the stored vectors, or the same scaled to length 1. Default "stored". */
  readonly headVectors?: "stored" | "normalized";
  /**
   * A name for the labels, so that a row can have several kinds: with "style", they are in `image_label_style`. The number of a head needs
   * one: with "aesthetic", it is in `image_score_aesthetic`. Default: `image_label`.
   */
  readonly as?: string;
  /** Number of labels per row, from 1 to 10. Default 1. */
  readonly top?: number;
  /** Labels with a lower cosine, or a lower probability of a head, are left out, so a row may have none. Default: no minimum. */
  readonly minScore?: number;
  /**
   * A sentence with `{}` for the label, such as "a photo of a {}", or several, whose mean counts. Only for models that take any text. Default: the
   * label alone.
   */
  readonly template?: string | readonly string[];
  /** Name of the collection. Default: `milvus.collection_name`, otherwise "images". */
  readonly collectionName?: string;
  /** Only rows that match this filter. Default: all rows. */
  readonly filter?: string;
  /** Hard stop: the run ends as "aborted". */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** How many rows have which best label, and the scores of a head. */
export interface LabelCounts {
  /** The most frequent label first. */
  readonly labels: readonly (readonly [label: string, rows: number])[];
  /** Rows whose labels are all below `minScore`, or whose score is no number. */
  readonly unlabelled: number;
  /** The scores of a head without classes. Null: there are none. */
  readonly scores: ScoreSummary | null;
}

/** The report of a classification. Rows that had their labels before are skipped. */
export interface ClassifyReport extends RunReport, LabelCounts {
  /** An error after the last row, for example in upkeep. */
  readonly upkeepError?: HeadraceError;
}

/** A classification in progress. */
export interface ClassifyRun {
  /** Soft stop: reads no more rows and finishes the ones in flight. The next call continues. */
  drain(): void;
  snapshot(): RunSnapshot;
  /** The number of rows to read. */
  readonly total: Promise<number | null>;
  readonly done: Promise<ClassifyReport>;
}

/** What a classification would do. */
export interface ClassifyPreview extends LabelCounts {
  readonly rows: number;
  /** Rows whose labels would change. */
  readonly changes: number;
}

const optionNames = {
  labels: true,
  head: true,
  headVectors: true,
  as: true,
  top: true,
  minScore: true,
  template: true,
  collectionName: true,
  filter: true,
  signal: true,
  observer: true,
  onOutcome: true,
} as const satisfies Record<keyof ClassifyRequest, true>;

/** Classifies the rows of a collection of `parts`. */
export class Classification {
  readonly #parts: PipelineParts;
  readonly #request: ClassifyRequest;
  readonly #name: string;
  readonly #signal: AbortSignal;

  constructor(parts: PipelineParts, request: ClassifyRequest) {
    refuseUnknownOptions("classify", request, optionNames);
    this.#parts = parts;
    this.#request = request;
    this.#name = request.collectionName ?? defaultCollection(parts.settings);
    this.#signal = request.signal ?? new AbortController().signal;
  }

  /** Throws `collection_not_found`, `passport_mismatch`, `passport_missing`, `text_unavailable`, `word_unknown`, `model_invalid`, `dimension_mismatch` or `usage_invalid`. */
  async start(): Promise<ClassifyRun> {
    const collection = await this.#open("write");
    return closedOnError([collection], async () => {
      const opened = await this.#labeller(collection);
      return closedOnError([opened], () => this.#started(collection, opened));
    });
  }

  /** Labels all rows without writing. Throws the errors of `start`. */
  async preview(): Promise<ClassifyPreview> {
    const collection = await this.#open("read");
    return closed([collection], async () => {
      const opened = await this.#labeller(collection);
      return closed([opened], async () => {
        const tally = new LabelTally(opened.labeller.set);
        const plan = { collection, tally, labeller: opened.labeller, ...this.#filter };
        return { ...(await previewClassify(plan, this.#signal)), ...countsOf(tally) };
      });
    });
  }

  async #started(collection: Collection, { labeller, close }: OpenedLabeller): Promise<ClassifyRun> {
    const parts = this.#parts;
    const { observer, onOutcome } = this.#request;
    const signal = this.#signal;
    const tally = new LabelTally(labeller.set);
    const store = await parts.store(signal);
    const run = classify({
      collection,
      tally,
      labeller,
      ...this.#filter,
      ...(onOutcome === undefined ? {} : { settle: onOutcome }),
      ...writeWidths(parts.settings, store, { batchRows: batchRows(collection.dimension), dimension: collection.dimension }),
      writeMaxBytes: parts.settings.insert.maxBytesMb * mebibyte,
      checkStore: (waiting) => store.check(waiting),
      options: runOptions(parts.settings, { schedule: "overlapped", signal, ...(observer === undefined ? {} : { observer }) }),
    });
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const { done, drain } = writingRun(parts, run, { collection, label, signal, observer });
    const total = collection.count(this.#filter.filter).catch(() => null);
    const counted = done.finally(close).then((report) => ({ ...report, ...countsOf(tally) }));
    return { drain, snapshot: () => run.snapshot(), total, done: counted };
  }

  #open(access: "read" | "write"): Promise<Collection> {
    return openNamed(this.#parts, { collection: this.#name }, access);
  }

  get #filter(): { readonly filter?: ReturnType<typeof parseFilter> } {
    const { filter } = this.#request;
    return filter === undefined ? {} : { filter: parseFilter(filter) };
  }

  #labeller(collection: Collection): Promise<OpenedLabeller> {
    const { labels = null, top = 1, minScore, as = null, template, head, headVectors } = this.#request;
    const limits = { count: top, set: as, ...(minScore === undefined ? {} : { minScore }) };
    if (head !== undefined) {
      if (template !== undefined) throw wrongUse("no template with a head, which takes no texts", "one", "Leave --template out.");
      const choice = { ...limits, file: head, classes: labels, vectors: headVectors ?? "stored" };
      return openHeadLabeller(this.#parts, collection, choice, this.#signal);
    }
    if (headVectors !== undefined) throw wrongUse("a head", "only what it would get", "For example: --head aesthetic.onnx");
    const templates = typeof template === "string" ? [template] : template;
    return this.#textLabeller(collection, { ...limits, texts: labels, ...(templates === undefined ? {} : { templates }) });
  }

  /** The labels of a classifier are a part of the model for images, so the collection must come from that model. */
  async #textLabeller(collection: Collection, choice: LabelChoice): Promise<OpenedLabeller> {
    const labeller = await labellerOf(this.#parts, collection, choice, this.#signal);
    if ((await this.#parts.textSearch(this.#signal)) === "labels") {
      await this.#parts.passports.check(collection, await this.#parts.chain(this.#signal), "read", this.#signal);
    }
    // The model for texts belongs to the pipeline.
    return { labeller, close: async () => {} };
  }
}

function countsOf({ labels, unlabelled, scores }: LabelTally): LabelCounts {
  return { labels, unlabelled, scores };
}

function wrongUse(expected: string, found: string, hint: string): HeadraceError {
  return new HeadraceError("usage_invalid", `classify: expected ${expected}, found ${found}`, { hint });
}
