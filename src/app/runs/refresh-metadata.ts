/** `refreshMetadata`: gives stored rows the metadata that their images' files contain, without embedding an image. */
import { type Collection, HeadraceError, type Observer, type Outcome, type RunReport } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { type FileNaming, fingerprint, mebibyte } from "../../kit/index.js";
import { batchRows, type RefreshPlan, refreshMetadata } from "../../operations/index.js";
import { makeFileRefs, storedInput } from "../../sources/index.js";
import { type ReadStoredPicture, readerFor } from "../../stages/index.js";
import { labelOf } from "../collections/addresses.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import { openNamed } from "../collections/named-collection.js";
import { describerOf } from "../decode-workers/describer.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { ingestWidths, runOptions, writeWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { MoveRun } from "./move-run.js";
import { writingRun } from "./writing-run.js";

/** Which rows are refreshed. */
export interface RefreshMetadataRequest {
  /** Name of the collection. Default: `milvus.collection_name`, otherwise "images". */
  readonly collectionName?: string;
  /** Only rows that match this filter. Default: all rows. */
  readonly filter?: string;
  /** Where files that were named with a base are now. */
  readonly naming?: FileNaming;
  /** Hard stop: the run ends as "aborted". */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** What a refreshing would do. */
export interface RefreshMetadataPreview {
  readonly rows: number;
  /** Rows whose metadata would change. */
  readonly changes: number;
  /** Rows whose image cannot be read. */
  readonly failed: number;
}

const optionNames = {
  collectionName: true,
  filter: true,
  naming: true,
  signal: true,
  observer: true,
  onOutcome: true,
} as const satisfies Record<keyof RefreshMetadataRequest, true>;

/** Refreshes the rows of a collection of `parts`. */
export class MetadataRefresh {
  readonly #parts: PipelineParts;
  readonly #request: RefreshMetadataRequest;
  readonly #signal: AbortSignal;

  constructor(parts: PipelineParts, request: RefreshMetadataRequest) {
    refuseUnknownOptions("refreshMetadata", request, optionNames);
    this.#parts = parts;
    this.#request = request;
    this.#signal = request.signal ?? new AbortController().signal;
  }

  /**
   * Reads the images of the rows, and writes the rows whose metadata changes. Rows whose image is away count as failed and stay. Throws
   * `collection_not_found`, `filter_invalid`, and `usage_invalid` if `metadata.exif` is false.
   */
  async start(): Promise<MoveRun> {
    const collection = await this.#open("write");
    return closedOnError([collection], async () => {
      const { observer } = this.#request;
      const run = refreshMetadata(await this.#plan(collection, "write"));
      const label = labelOf({ collection: collection.name }, this.#parts.storeKind);
      const { done, drain } = writingRun(this.#parts, run, { collection, label, signal: this.#signal, observer });
      const total = collection.count(this.#filter.filter).catch(() => null);
      return { drain, snapshot: () => run.snapshot(), stages: () => run.stages(), total, done };
    });
  }

  /** Reads the images of the rows without writing. Throws the errors of `start`. */
  async preview(): Promise<RefreshMetadataPreview> {
    const collection = await this.#open("read");
    return closed([collection], async () => {
      const report: RunReport = await refreshMetadata(await this.#plan(collection, "count")).done;
      if (report.error !== undefined) throw report.error;
      return { rows: report.read, changes: report.stored, failed: report.failed };
    });
  }

  #open(access: "read" | "write"): Promise<Collection> {
    return openNamed(this.#parts, { collection: this.#request.collectionName ?? defaultCollection(this.#parts.settings) }, access);
  }

  get #filter(): Pick<RefreshPlan, "filter"> {
    const { filter } = this.#request;
    return filter === undefined ? {} : { filter: parseFilter(filter) };
  }

  async #plan(collection: Collection, purpose: RefreshPlan["purpose"]): Promise<RefreshPlan> {
    const { settings } = this.#parts;
    const { observer, onOutcome } = this.#request;
    const store = await this.#parts.store(this.#signal);
    return {
      collection,
      purpose,
      ...this.#filter,
      read: await this.#reader(),
      readers: ingestWidths(settings, null, {}).numWorkers,
      ...(onOutcome === undefined ? {} : { settle: onOutcome }),
      ...writeWidths(settings, store, { batchRows: batchRows(collection.dimension), dimension: collection.dimension }),
      writeMaxBytes: settings.insert.maxBytesMb * mebibyte,
      checkStore: (waiting) => store.check(waiting),
      options: runOptions(settings, { schedule: "overlapped", signal: this.#signal, ...(observer === undefined ? {} : { observer }) }),
    };
  }

  async #reader(): Promise<ReadStoredPicture> {
    const { settings } = this.#parts;
    if (settings.metadata.exif === false) {
      throw new HeadraceError("usage_invalid", "refresh-metadata: expected metadata.exif to be true or all, found false", {
        hint: "Set metadata.exif to true or all.",
      });
    }
    const describe = await describerOf(settings);
    const readers = await this.#parts.runReaders("wait", this.#signal);
    const fileRefs = await makeFileRefs();
    const maxBytes = settings.preprocess.maxFileMb * mebibyte;
    return async (row, signal) => {
      const { ref } = await storedInput(row, fileRefs, this.#request.naming ?? null);
      if (ref.refused?.kind === "fail") throw ref.refused.error;
      const file = await readerFor(readers, ref).read(ref, { maxBytes }, signal);
      const picture = file.pictureMetadata ?? describe(file.bytes).pictureMetadata ?? {};
      return { content: file.content ?? fingerprint(file.bytes), picture };
    };
  }
}
