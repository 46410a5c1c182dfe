/** The library: everything a program does with images and collections, over one configuration. */
import { type CollectionStats, HeadraceError, type Hit, type Key, type Run, type StoredRow } from "../contracts/index.js";
import { parseFilter } from "../filter/index.js";
import { type Preview, preview } from "../operations/index.js";
import { checkCollectionName, refuseUnknownOptions } from "./call-options.js";
import { checkHealth, type Health } from "./check-health.js";
import { dropNamed, openNamed, withCollection } from "./collections/named-collection.js";
import { ServiceConfig } from "./configuration/service-config.js";
import { type CreateCollectionOptions, createCollection } from "./create-collection.js";
import { deleteRows } from "./delete-rows.js";
import { type Diagnosis, diagnose } from "./diagnose.js";
import { type Embedded, type EmbedOptions, type EmbedRequest, embedInputs, startEmbedding } from "./embed-images.js";
import { defaultCollection, type IngestRun, type RunRequest, startIngest } from "./ingest-images.js";
import type { ImageInput, Inputs } from "./inputs/inputs.js";
import type { InputStream } from "./inputs/listings.js";
import { readImage } from "./inputs/one-image.js";
import { type Insertion, type InsertOptions, insert } from "./insert-images.js";
import { type Preprocessed, preprocessed } from "./inspect-image.js";
import {
  type CopyRequest,
  type ExportRequest,
  type ImportRequest,
  type MovePreview,
  type MoveRun,
  previewOfCopy,
  previewOfImport,
  startCopy,
  startExport,
  startImport,
} from "./move-rows.js";
import { keysOfNoRow, type SearchOptions, type SearchQuery, searchAll } from "./search-images.js";
import { closed } from "./wiring/closing.js";
import { type OwnParts, PipelineParts } from "./wiring/pipeline-parts.js";
import { pictures } from "./wiring/registry.js";

export interface OpenOptions {
  /** "eager" opens all parts and checks embedder and store at once; "lazy" opens each part when it is first needed. Default "eager". */
  readonly parts?: "eager" | "lazy";
  /** Adapters of your own, in place of the configured ones. The pipeline opens and closes them, each once. */
  readonly own?: OwnParts;
  readonly signal?: AbortSignal;
}

export interface CompactOptions {
  readonly signal?: AbortSignal;
}

const optionNames = { parts: true, own: true, signal: true } as const satisfies Record<keyof OpenOptions, true>;

/**
 * Opened from a configuration, used, closed.
 *
 *     await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig());
 *     await pipeline.insertImagesAsync({ inputs: ["cat.jpg"], collectionName: "pets" });
 *     const hits = await pipeline.searchImages("cat.jpg", { collectionName: "pets", topK: 5 });
 */
export class ImageEmbeddingPipeline implements AsyncDisposable {
  readonly #parts: PipelineParts;

  private constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Takes a copy of the configuration. Throws what is wrong with any part, before any image is read. */
  static async open(config: ServiceConfig = new ServiceConfig(), options: OpenOptions = {}): Promise<ImageEmbeddingPipeline> {
    refuseUnknownOptions("open", options, optionNames);
    const parts = new PipelineParts(config.settings(), options.own);
    const signal = options.signal ?? never();
    if (options.parts === "lazy") return new ImageEmbeddingPipeline(parts);
    try {
      await parts.check(signal);
    } catch (error) {
      await parts.close();
      throw error;
    }
    return new ImageEmbeddingPipeline(parts);
  }

  /** What calls use that name no collection: `milvus.collection_name`, else "images". */
  get defaultCollection(): string {
    return defaultCollection(this.#parts.settings);
  }

  /** Throws `collection_exists`. */
  createCollection(name: string, options: CreateCollectionOptions = {}): Promise<void> {
    return createCollection(this.#parts, name, options);
  }

  async listCollections(): Promise<readonly CollectionStats[]> {
    return (await this.#parts.store(never())).list();
  }

  /** Throws `collection_not_found`. */
  async dropCollection(name: string): Promise<void> {
    await dropNamed(this.#parts, name);
  }

  /** Throws `collection_not_found`. */
  collectionStats(name: string): Promise<CollectionStats> {
    return withCollection(this.#parts, name, "read", (collection) => collection.stats());
  }

  /** Upkeep at once: index, optimize, clean-up. The signal ends it; what is done stays. */
  compactCollection(name: string, options: CompactOptions = {}): Promise<void> {
    refuseUnknownOptions("compactCollection", options, { signal: true });
    return withCollection(this.#parts, name, "write", (collection) => collection.upkeep("all", options.signal ?? never()));
  }

  /** Says that this pipeline's model made a collection that does not say it itself; only its dimension is checked. */
  adoptCollection(name: string): Promise<void> {
    return withCollection(this.#parts, name, "write", async (collection) => {
      const chain = await this.#parts.chain(never());
      await this.#parts.passports.adopt(collection, chain, never());
    });
  }

  /** One batch through all stages, then the next. */
  insertImages(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, "sequential", options);
  }

  /** All stages at the same time. */
  insertImagesAsync(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, "overlapped", options);
  }

  /** The same main job for any stream of inputs, without keeping ids: what the command line uses. */
  ingest(request: RunRequest): Promise<IngestRun> {
    return startIngest(this.#parts, request);
  }

  /** What a run would do, without doing it. */
  async preview(inputs: InputStream, collectionName: string): Promise<Preview> {
    checkCollectionName(collectionName);
    const signal = never();
    const collection = await openNamed(this.#parts, { collection: collectionName }, "read").catch((error: unknown) => {
      if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
      throw error;
    });
    return closed(collection === null ? [] : [collection], () => preview(inputs(signal), collection, signal));
  }

  /** Embeds without storing. An input that fails has null. */
  embedImages(inputs: Inputs, options: EmbedOptions = {}): Promise<Embedded> {
    return embedInputs(this.#parts, inputs, options);
  }

  /** Embeds any stream of inputs into a writer: what the command line uses. */
  embedStream(request: EmbedRequest): Promise<Run> {
    return startEmbedding(this.#parts, request);
  }

  /** Of the embedder's vectors. */
  async dimension(): Promise<number> {
    return (await this.#parts.chain(never())).embedder.dimension;
  }

  /** What the model gets of an image. */
  async preprocessImage(input: ImageInput): Promise<Preprocessed> {
    const chain = await this.#parts.chain(never());
    const colouring = this.#parts.settings.preprocess.custom === null ? "undo" : "stretch";
    return preprocessed(chain, await readImage(this.#parts, input, never()), colouring, never());
  }

  /** A small JPEG of an image for people; null when it cannot be read or decoded (any more). */
  async thumbnail(input: ImageInput): Promise<Uint8Array | null> {
    const { thumbnail } = await pictures();
    try {
      return await thumbnail(await readImage(this.#parts, input, never()));
    } catch (error) {
      if (HeadraceError.is(error) && error.scope === "item") return null;
      throw error;
    }
  }

  /** Hits of one query, best first. */
  async searchImages(query: SearchQuery, options: SearchOptions = {}): Promise<readonly Hit[]> {
    const [hits = []] = await this.searchMany([query], options);
    return hits;
  }

  /** Hits of several queries, in their order. */
  searchMany(queries: readonly SearchQuery[], options: SearchOptions = {}): Promise<readonly (readonly Hit[])[]> {
    return searchAll(this.#parts, queries, options);
  }

  /** The keys of a filter that no row has: misspelt, perhaps. Throws `filter_invalid`. */
  keysOfNoRow(collectionName: string, filter: string): Promise<readonly string[]> {
    return keysOfNoRow(this.#parts, collectionName, filter);
  }

  /** How many rows were there to be deleted. */
  deleteByIds(collectionName: string, ids: readonly Key[]): Promise<number> {
    return deleteRows(this.#parts, collectionName, { ids });
  }

  /** How many rows were there to be deleted. Throws `filter_invalid`. */
  async deleteByFilter(collectionName: string, filter: string): Promise<number> {
    return deleteRows(this.#parts, collectionName, { filter: parseFilter(filter) });
  }

  /** How many of the ids are stored. */
  countIds(collectionName: string, ids: readonly Key[]): Promise<number> {
    return withCollection(this.#parts, collectionName, "read", async (collection) => (await collection.known(ids, never())).size);
  }

  /** Those of the ids that are not stored, in their order. */
  unknownIds(collectionName: string, ids: readonly Key[]): Promise<readonly Key[]> {
    return withCollection(this.#parts, collectionName, "read", async (collection) => {
      const known = new Set([...(await collection.known(ids, never())).keys()].map(String));
      return ids.filter((id) => !known.has(String(id)));
    });
  }

  /** How many rows match. Throws `filter_invalid`. */
  async count(collectionName: string, filter?: string): Promise<number> {
    const tree = filter === undefined ? undefined : parseFilter(filter);
    return withCollection(this.#parts, collectionName, "read", (collection) => collection.count(tree));
  }

  /** All rows that match, in batches. Throws `collection_not_found`, `filter_invalid`. */
  async *scan(
    collectionName: string,
    options: { readonly vectors: "include" | "omit"; readonly filter?: string; readonly signal?: AbortSignal },
  ): AsyncGenerator<readonly StoredRow[]> {
    const { filter, ...rest } = options;
    const tree = filter === undefined ? {} : { filter: parseFilter(filter) };
    const collection = await openNamed(this.#parts, { collection: collectionName }, "read");
    try {
      yield* collection.scan({ ...rest, ...tree });
    } finally {
      await collection.close();
    }
  }

  /**
   * Copies rows and passport into another collection, of this store or the other one; nothing is embedded. Rows that are there already
   * are skipped, so a copy that was stopped goes on. Throws `passport_mismatch`, `dimension_mismatch` or `collection_exists` before a
   * row is written.
   *
   *     const run = await pipeline.copyCollection({ from: { collection: "photos" }, to: { store: "milvus", collection: "photos" } });
   *     const { stored, skipped } = await run.done;
   */
  copyCollection(request: CopyRequest): Promise<MoveRun> {
    return startCopy(this.#parts, request);
  }

  /** What a copy would do, without doing it; throws what the copy would. */
  previewCopy(request: CopyRequest): Promise<MovePreview> {
    return previewOfCopy(this.#parts, request);
  }

  /** Writes a collection into a Parquet or numpy file, passport included; `path` is where it will be. */
  exportCollection(request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
    return startExport(this.#parts, request);
  }

  /** Copies the rows of a file into a collection, as `copyCollection` does. Throws `input_invalid` for another file. */
  importCollection(request: ImportRequest): Promise<MoveRun> {
    return startImport(this.#parts, request);
  }

  /** What an import would do, without doing it; throws what the import would. */
  previewImport(request: ImportRequest): Promise<MovePreview> {
    return previewOfImport(this.#parts, request);
  }

  /** Asks every part for a real answer; never throws for a part that is down. */
  health(): Promise<Health> {
    return checkHealth(this.#parts);
  }

  /** What is wrong with the parts, and what would be faster; never throws for a part that is down. */
  diagnose(): Promise<Diagnosis> {
    return diagnose(this.#parts);
  }

  /** Ends workers, connections and locks. Harmless when repeated. */
  close(): Promise<void> {
    return this.#parts.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function never(): AbortSignal {
  return new AbortController().signal;
}
