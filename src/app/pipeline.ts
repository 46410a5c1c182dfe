/** The library: everything a program does with images and collections, over one configuration. */
import {
  type Collection,
  type CollectionStats,
  HeadraceError,
  type Hit,
  type Key,
  type Metric,
  type Run,
  type StoredRow,
} from "../contracts/index.js";
import { parseFilter } from "../filter/index.js";
import type { Chain } from "../kit/index.js";
import { type Preview, preview } from "../operations/index.js";
import { type Query, search } from "../search/index.js";
import { type Diagnosis, diagnose } from "./diagnosis.js";
import { type Embedded, type EmbedOptions, type EmbedRequest, embedInputs, startEmbedding } from "./embedding.js";
import { checkHealth, type Health } from "./health.js";
import type { ImageInput, Inputs } from "./inputs.js";
import { type Insertion, type InsertOptions, insert } from "./insertion.js";
import type { InputStream } from "./listings.js";
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
} from "./moving.js";
import { dropNamed, openNamed } from "./named-collection.js";
import { readImage } from "./one-image.js";
import { type OwnParts, Parts } from "./parts.js";
import { adoptPassport, checkPassport } from "./passport.js";
import { type Preprocessed, preprocessed } from "./preprocessed.js";
import { pictures } from "./registry.js";
import { declaredMetric, defaultCollection, type IngestRun, type RunRequest, startIngest } from "./runs.js";
import { ServiceConfig } from "./service-config.js";

export interface OpenOptions {
  /** "eager" checks embedder and store at once; "lazy" opens each part when it is first needed. Default "eager". */
  readonly parts?: "eager" | "lazy";
  /** Adapters of your own, in place of the configured ones; the pipeline opens and closes them. */
  readonly own?: OwnParts;
  readonly signal?: AbortSignal;
}

export interface CreateCollectionOptions {
  /** Default: `milvus.embedding_dim`, else the embedder's dimension. Another one is refused as `dimension_mismatch`. */
  readonly dim?: number;
  /** Default: as configured, else cosine. */
  readonly metric?: Metric;
  /** The store's own kind of index. Default "auto". */
  readonly index?: string;
  /** Default "text". */
  readonly idType?: "text" | "int64";
}

export interface SearchOptions {
  /** Default: `milvus.collection_name`, else "images". */
  readonly collectionName?: string;
  /** 1 to 1000. Default 10. */
  readonly topK?: number;
  /** Hits with a lower score are left out: a cosine, an inner product, or minus a squared distance. Default: none is. */
  readonly minScore?: number;
  /** In the language of filters. */
  readonly filter?: string;
  readonly signal?: AbortSignal;
}

/** An image, a vector of the collection's dimension, or the id of a stored row. */
export type SearchQuery = ImageInput | Float32Array | { readonly vector: readonly number[] | Float32Array } | { readonly id: Key };

/**
 * Opened from a configuration, used, closed.
 *
 *     await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig());
 *     await pipeline.insertImagesAsync({ inputs: ["cat.jpg"], collectionName: "pets" });
 *     const hits = await pipeline.searchImages("cat.jpg", { collectionName: "pets", topK: 5 });
 */
export class ImageEmbeddingPipeline implements AsyncDisposable {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes a copy of the configuration. Throws what is wrong with any part, before any image is read. */
  static async open(config: ServiceConfig = new ServiceConfig(), options: OpenOptions = {}): Promise<ImageEmbeddingPipeline> {
    const parts = new Parts(config.settings(), options.own);
    const signal = options.signal ?? never();
    if (options.parts === "lazy") return new ImageEmbeddingPipeline(parts);
    try {
      await Promise.all([
        parts.store(signal).then((store) => store.check(signal)),
        parts.chain(signal).then(({ embedder }) => embedder.check(signal)),
      ]);
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
  async createCollection(name: string, options: CreateCollectionOptions = {}): Promise<void> {
    const { dimension, from } = await this.#newDimension();
    if (options.dim !== undefined && options.dim !== dimension) {
      throw new HeadraceError("dimension_mismatch", `Expected dim ${dimension}, as ${from}, but received ${options.dim}.`, {
        item: name,
        hint: "Leave dim out, or use a model of that dimension.",
      });
    }
    const store = await this.#parts.store(never());
    const collection = await store.create(name, {
      dimension,
      metric: options.metric ?? declaredMetric(this.#parts.settings, name),
      passport: null,
      ...(options.idType === undefined ? {} : { idType: options.idType }),
      ...(options.index === undefined ? {} : { index: options.index }),
    });
    await collection.close();
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
    return this.#with(name, "read", (collection) => collection.stats());
  }

  /** Upkeep at once: index, optimize, clean-up. */
  compactCollection(name: string): Promise<void> {
    return this.#with(name, "write", (collection) => collection.finish(never()));
  }

  /** Says that this pipeline's model made a collection that does not say it itself; only its dimension is checked. */
  adoptCollection(name: string): Promise<void> {
    return this.#with(name, "write", async (collection) => {
      const chain = await this.#parts.chain(never());
      await adoptPassport(collection, chain, never());
    });
  }

  /** One batch through all stages, then the next. */
  insertImages(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, { ...options, schedule: "sequential" });
  }

  /** All stages at the same time. */
  insertImagesAsync(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, { ...options, schedule: "overlapped" });
  }

  /** The same main job for any stream of inputs, without keeping ids: what the command line uses. */
  ingest(request: RunRequest): Promise<IngestRun> {
    return startIngest(this.#parts, request);
  }

  /** What a run would do, without doing it. */
  async preview(inputs: InputStream, collectionName: string): Promise<Preview> {
    const signal = never();
    const store = await this.#parts.store(signal);
    const names = (await store.list()).map(({ name }) => name);
    if (!names.includes(collectionName)) return preview(inputs(signal), null, signal);
    return this.#with(collectionName, "read", (collection) => preview(inputs(signal), collection, signal));
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
    const signal = options.signal ?? never();
    return this.#with(options.collectionName ?? this.defaultCollection, "read", async (collection) => {
      const chain = async (): Promise<Chain> => {
        const opened = await this.#parts.chain(signal);
        await checkPassport(collection, opened, "read", signal);
        return opened;
      };
      const asked = await Promise.all(queries.map((query) => this.#query(query, signal)));
      return search({
        collection,
        chain,
        queries: asked,
        signal,
        ...(options.topK === undefined ? {} : { topK: options.topK }),
        ...(options.minScore === undefined ? {} : { minScore: options.minScore }),
        ...(options.filter === undefined ? {} : { filter: options.filter }),
      });
    });
  }

  /** How many rows were there to be deleted. */
  deleteByIds(collectionName: string, ids: readonly Key[]): Promise<number> {
    return this.#with(collectionName, "write", (collection) => collection.delete({ ids }, never()));
  }

  /** How many rows were there to be deleted. Throws `filter_invalid`. */
  async deleteByFilter(collectionName: string, filter: string): Promise<number> {
    const tree = parseFilter(filter);
    return this.#with(collectionName, "write", (collection) => collection.delete({ filter: tree }, never()));
  }

  /** How many of the ids are stored. */
  countIds(collectionName: string, ids: readonly Key[]): Promise<number> {
    return this.#with(collectionName, "read", async (collection) => (await collection.known(ids, never())).size);
  }

  /** How many rows match. Throws `filter_invalid`. */
  async count(collectionName: string, filter?: string): Promise<number> {
    const tree = filter === undefined ? undefined : parseFilter(filter);
    return this.#with(collectionName, "read", (collection) => collection.count(tree));
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

  /** Of a new collection; with `milvus.embedding_dim`, nothing has to be opened to know it. */
  async #newDimension(): Promise<{ readonly dimension: number; readonly from: string }> {
    const configured = this.#parts.settings.milvus?.embeddingDim ?? null;
    if (configured !== null) return { dimension: configured, from: "milvus.embedding_dim says" };
    const { embedder } = await this.#parts.chain(never());
    return { dimension: embedder.dimension, from: `${embedder.label} makes` };
  }

  async #query(query: SearchQuery, signal: AbortSignal): Promise<Query> {
    if (query instanceof Float32Array) return { kind: "vector", vector: query };
    if (typeof query === "object" && "vector" in query) return { kind: "vector", vector: Float32Array.from(query.vector) };
    if (typeof query === "object" && "id" in query) return { kind: "id", id: query.id };
    return { kind: "image", image: await readImage(this.#parts, query, signal) };
  }

  async #with<T>(name: string, access: "read" | "write", use: (collection: Collection) => Promise<T>): Promise<T> {
    const collection = await openNamed(this.#parts, { collection: name }, access);
    try {
      return await use(collection);
    } finally {
      await collection.close();
    }
  }
}

function never(): AbortSignal {
  return new AbortController().signal;
}
