/** The passes of a re-embedding: each makes the new collection follow the old one, and finds less to do than the one before. */
import type { Collection, Filter, ImageRef, Observer, Outcome, StoredRow } from "../../contracts/index.js";
import type { FileNaming } from "../../kit/index.js";
import { deleteOthers, differingRows, type IngestInput, KeySample, type RowsCompared, TriedRows } from "../../operations/index.js";
import { type IngestRun, type InsertStats, startIngest } from "../ingest-images.js";
import { makeFileRefs } from "../wiring/input-adapters.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { storedInput } from "./stored-inputs.js";

export interface PassOptions {
  readonly naming: FileNaming | null;
  readonly signal: AbortSignal;
  readonly observer?: Observer | undefined;
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
}

/** What one pass has done. */
export interface Pass {
  readonly report: InsertStats;
  /** Rows of the old collection when the pass read it. */
  readonly rows: number;
  /** Rows of the old collection that the new one does not have, because their images fail. */
  readonly missing: number;
  /** Rows that were deleted in the new collection, because the old one does not have them any more. */
  readonly deleted: number;
  /** Some keys that both collections have. Empty if nothing was deleted by design. */
  readonly sample: KeySample;
}

export interface PassScope {
  /** Rows of the old collection to look at. Default: all. */
  readonly filter?: Filter;
  /** What to do with rows that only the new collection has. */
  readonly others: "delete" | "keep";
}

export class Passes {
  readonly #tried = new TriedRows();
  readonly #rows = new WeakMap<ImageRef, StoredRow>();
  #current: IngestRun | null = null;
  #isDrained = false;

  /** `target`: open for writing, so that no other process writes to it between two passes. */
  constructor(
    readonly parts: PipelineParts,
    readonly target: Collection,
    readonly options: PassOptions,
  ) {}

  /** The run of the pass in progress, or of the last pass. */
  get current(): IngestRun | null {
    return this.#current;
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  drain(): void {
    this.#isDrained = true;
    this.#current?.drain();
  }

  /** Starts a pass. `current` is its run when the promise resolves. */
  async start(origin: Collection, { filter, others }: PassScope): Promise<{ readonly done: Promise<Pass> }> {
    const { signal, observer, onOutcome } = this.options;
    const counts: RowsCompared = { rows: 0, same: 0, missing: 0 };
    const fileRefs = await makeFileRefs();
    const { target, options } = this;
    const differing = { tried: this.#tried, counts, signal, ...(filter === undefined ? {} : { filter }) };
    const remember = (input: IngestInput, row: StoredRow): IngestInput => {
      this.#rows.set(input.ref, row);
      return input;
    };
    const run = await startIngest(this.parts, {
      async *inputs(stop) {
        for await (const row of differingRows(origin, target, differing)) {
          if (stop.aborted) return;
          yield remember(await storedInput(row, fileRefs, options.naming), row);
        }
      },
      collectionName: target.name,
      schedule: "overlapped",
      signal,
      onOutcome: (outcome) => {
        this.#settle(outcome);
        onOutcome?.(outcome);
      },
      ...(observer === undefined ? {} : { observer }),
    });
    this.#current = run;
    if (this.#isDrained) run.drain();
    return { done: this.#finish(origin, run, counts, others) };
  }

  async #finish(origin: Collection, run: IngestRun, counts: RowsCompared, others: PassScope["others"]): Promise<Pass> {
    const { signal } = this.options;
    const report = await run.done;
    const sample = new KeySample();
    const isWhole = report.ended === "completed" && others === "delete" && !this.#isDrained;
    const deleted = isWhole ? await deleteOthers(origin, this.target, { signal, onRow: (key) => sample.add(key) }) : 0;
    if (deleted > 0) await this.target.settle(signal);
    return { report, rows: counts.rows, missing: counts.missing, deleted, sample };
  }

  /** A row whose image fails, or whose image has another version now, would differ again in the next pass. */
  #settle({ kind, facts }: Outcome): void {
    if (facts.listed === undefined || kind === "abandoned") return;
    const row = this.#rows.get(facts.listed);
    if (row === undefined) return;
    if (kind !== "stored" || facts.version !== row.facts.version || facts.content !== row.facts.content) this.#tried.add(row);
  }
}
