/** Brings deleted rows back. Get it from `pipeline.restore`. */
import { type ErrorCode, HeadraceError, type RowSource } from "../../contracts/index.js";
import {
  type CopyTarget,
  inspectCopyTarget,
  openCopyTarget,
  previewRestore,
  type RestoreCounts,
  restoreRows,
} from "../../operations/index.js";
import { labelOf } from "../collections/addresses.js";
import { checkCollectionName, refuseUnknownOptions } from "../collections/call-options.js";
import { deletedFile } from "../deletions/deleted-files.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { openRowFile } from "../wiring/registry.js";
import { limitOf, type MoveOptions, type MoveRun, moveInto, signalOf } from "./move-run.js";

/** Which rows to bring back, and where to. */
export interface RestoreRequest extends MoveOptions {
  /** The collection that had the rows, or an alias of it. */
  readonly collectionName: string;
  /** Name or path of a file that `deletedFiles` lists, or "latest" for the newest one. */
  readonly file: string;
  /** The collection that gets the rows. Created if it does not exist, with the description in the file. Default: `collectionName`. */
  readonly to?: string;
}

/** What a restoration would do. */
export interface RestorePreview extends RestoreCounts {
  /** Path of the file. */
  readonly file: string;
  /** The collection that would get the rows. */
  readonly to: string;
  /** True when this collection does not exist and would be created. */
  readonly creates: boolean;
}

/** A restoration in progress. The report counts restored rows as stored, and rows that the collection has already as skipped. */
export interface RestoreRun extends MoveRun {
  /** Path of the file. */
  readonly file: string;
  /** The collection that gets the rows. */
  readonly to: string;
}

const names = {
  collectionName: true,
  file: true,
  to: true,
  limit: true,
  signal: true,
  observer: true,
  onOutcome: true,
} as const satisfies Record<keyof RestoreRequest, true>;

/** Restores the rows of one file. A row that the collection has already is never replaced, also while other calls write. */
export class Restoration {
  readonly #parts: PipelineParts;
  readonly #request: RestoreRequest;

  constructor(parts: PipelineParts, request: RestoreRequest) {
    refuseUnknownOptions("restore", request, names);
    this.#parts = parts;
    this.#request = request;
  }

  /**
   * Writes the rows, with the time of their ingestion. A call that was stopped or killed can be repeated. Throws `input_invalid` if there is no
   * such file, and `passport_mismatch`, `passport_missing`, `dimension_mismatch` or `collection_exists` if the collection does not fit.
   */
  async start(): Promise<RestoreRun> {
    const { origin, at, named } = await this.#resolve();
    return closedOnError([origin], async () => {
      const target = await explained(this.#request, () => openCopyTarget(at, origin, signalOf(this.#request)));
      const otherWriters = at.store.maxWriters > 1 ? "possible" : "none";
      const run = await moveInto(this.#parts, { origin, target, at, request: this.#request }, (plan) =>
        restoreRows({ ...plan, otherWriters }),
      );
      return { ...run, ...named };
    });
  }

  /** Compares, and writes nothing. Throws the errors of `start`. */
  async preview(): Promise<RestorePreview> {
    const signal = signalOf(this.#request);
    const { origin, at, named } = await this.#resolve();
    return closed([origin], async () => {
      const target = await explained(this.#request, () => inspectCopyTarget(at, origin, signal));
      return closed(target === null ? [] : [target], async () => ({
        ...(await previewRestore({ origin, ...limitOf(this.#request) }, target, signal)),
        ...named,
        creates: target === null,
      }));
    });
  }

  async #resolve(): Promise<{ origin: RowSource; at: CopyTarget; named: { file: string; to: string } }> {
    const { collectionName, file, to = collectionName } = this.#request;
    checkCollectionName(to);
    const { path } = await deletedFile(this.#parts, collectionName, file);
    const store = await this.#parts.store(signalOf(this.#request));
    const label = labelOf({ collection: to }, this.#parts.storeKind);
    return { origin: await openRowFile(path), at: { store, name: to, label }, named: { file: path, to } };
  }
}

const misfits: ReadonlySet<ErrorCode> = new Set(["passport_mismatch", "passport_missing", "dimension_mismatch", "collection_exists"]);

/** Adds how the rows come back although the collection has another model now. */
async function explained<T>({ collectionName, file }: RestoreRequest, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!HeadraceError.is(error) || !misfits.has(error.code)) throw error;
    throw new HeadraceError(error.code, error.message, {
      ...(error.item === undefined ? {} : { item: error.item }),
      cause: error,
      hint: `To bring the rows back into a collection of their own: headrace restore ${collectionName} ${file} --to NEW_NAME`,
    });
  }
}
