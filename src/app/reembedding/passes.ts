/** The passes of a re-embedding: each makes the new collection follow the old one, and finds less to do than the one before. */
import type { Collection, ImageRef, IngestInput, Observer, Outcome, StoredRow } from "../../contracts/index.js";
import type { FileNaming } from "../../kit/index.js";
import { deleteOthers, differingRows, KeySample, type RowsCompared, TriedRows } from "../../operations/index.js";
import { makeFileRefs, storedInput } from "../../sources/index.js";
import { deleteKept } from "../deletions/delete-kept.js";
import { type IngestRun, type InsertStats, startIngest } from "../runs/ingest-images.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { insertedSince, insertedSinceFilter } from "./live-since.js";

export interface PassOptions {
  /** Rows of the new collection that were inserted since then stay, although the old one lacks them. null: none stays. */
  readonly keepSince: number | null;
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
  /** Rows that only the new collection has, because programs inserted them while it was live. */
  readonly kept: number;
  /** Some keys that both collections have. Empty if nothing was deleted by design. */
  readonly sample: KeySample;
}

/**
 * "all": all rows, and rows that only the new collection has are deleted; rows since `recentSince` are remembered. "stragglers": rows since
 * then that no pass has seen. Times in milliseconds since the epoch.
 */
export type PassScope = { readonly kind: "all"; readonly recentSince?: number } | { readonly kind: "stragglers"; readonly since: number };

export class Passes {
  readonly #tried = new TriedRows();
  /** Recent rows of the old collection that a pass has seen. If the new collection lacks one later, it was deleted there. */
  readonly #seen = new TriedRows();
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
  async start(origin: Collection, scope: PassScope): Promise<{ readonly done: Promise<Pass> }> {
    const { signal, observer, onOutcome } = this.options;
    const counts: RowsCompared = { rows: 0, same: 0, missing: 0 };
    const inputs = await this.#inputs(origin, scope, counts);
    const run = await startIngest(this.parts, {
      inputs,
      collectionName: this.target.name,
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
    return { done: this.#finish(origin, run, counts, scope) };
  }

  async #inputs(origin: Collection, scope: PassScope, counts: RowsCompared): Promise<(stop: AbortSignal) => AsyncGenerator<IngestInput>> {
    const fileRefs = await makeFileRefs();
    const rows = differingRows(origin, this.target, { counts, signal: this.options.signal, ...this.#limits(scope) });
    return async function* (this: Passes, stop: AbortSignal) {
      for await (const row of rows) {
        if (stop.aborted) return;
        const input = await storedInput(row, fileRefs, this.options.naming);
        this.#rows.set(input.ref, row);
        yield input;
      }
    }.bind(this);
  }

  #limits(scope: PassScope): Pick<Parameters<typeof differingRows>[2], "isTried" | "onRow" | "filter"> {
    if (scope.kind === "all") {
      const { recentSince = Number.POSITIVE_INFINITY } = scope;
      return { isTried: (row) => this.#tried.has(row), onRow: (row) => void (row.ingestedAt >= recentSince && this.#seen.add(row)) };
    }
    return {
      filter: insertedSinceFilter(scope.since),
      isTried: (row) => {
        const isSeen = this.#seen.has(row);
        this.#seen.add(row);
        return isSeen;
      },
    };
  }

  async #finish(origin: Collection, run: IngestRun, counts: RowsCompared, { kind }: PassScope): Promise<Pass> {
    const { signal } = this.options;
    const report = await run.done;
    const sample = new KeySample();
    const isWhole = report.ended === "completed" && kind === "all" && !this.#isDrained;
    const { deleted, kept } = isWhole ? await this.#deleteOthers(origin, sample) : { deleted: 0, kept: 0 };
    if (deleted > 0) await this.target.settle(signal);
    return { report, rows: counts.rows, missing: counts.missing, deleted, kept, sample };
  }

  #deleteOthers(origin: Collection, sample: KeySample): ReturnType<typeof deleteOthers> {
    const { signal, keepSince } = this.options;
    const keeps = insertedSince(keepSince);
    return deleteOthers(origin, this.target, {
      signal,
      keeps,
      onCommon: (key) => sample.add(key),
      remove: (ids) => deleteKept(this.parts, this.target, ids, { command: "reembed", signal, mayDelete: (row) => !keeps(row) }),
    });
  }

  /** A row whose image fails, or whose image has another version now, would differ again in the next pass. */
  #settle({ kind, facts }: Outcome): void {
    if (facts.listed === undefined || kind === "abandoned") return;
    const row = this.#rows.get(facts.listed);
    if (row === undefined) return;
    if (kind !== "stored" || facts.version !== row.facts.version || facts.content !== row.facts.content) this.#tried.add(row);
  }
}
