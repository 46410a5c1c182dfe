/** The pipeline that programs use: all calls for images and collections, with one configuration. */

import type { Hit, Key, Run } from "../contracts/index.js";
import { parseFilter } from "../filter/index.js";
import type { DuplicateGroup, Preview } from "../operations/index.js";
import type { DescribedInput, ImageInput, InputStream, Inputs, ListingRequest } from "../sources/index.js";
import { checkHealth, type Health } from "./calls/check-health.js";
import { deleteRows } from "./calls/delete-rows.js";
import { type Diagnosis, diagnose } from "./calls/diagnose.js";
import { embedText } from "./calls/embed-text.js";
import { keysOfNoRow, type TypeMismatch, typeMismatches } from "./calls/filter-findings.js";
import { type DuplicatesRequest, findDuplicates } from "./calls/find-duplicates.js";
import { type Preprocessed, preprocessImage, readImage, type ThumbnailOptions, thumbnailOf } from "./calls/inspect-image.js";
import { RowCalls } from "./calls/row-calls.js";
import { type SearchOptions, type SearchQuery, searchAll } from "./calls/search-images.js";
import { Aliases } from "./collections/aliases.js";
import { never } from "./collections/call-options.js";
import { defaultCollection } from "./collections/declared.js";
import { ServiceConfig } from "./configuration/service-config.js";
import type { DeleteOptions } from "./deletions/delete-options.js";
import { type ExportRequest, startExport } from "./exports/export-collection.js";
import { Fleet } from "./fleet.js";
import { type OpenOptions, openParts } from "./open-options.js";
import { Reembedding } from "./reembedding/reembedding.js";
import { Classification, type ClassifyRequest } from "./runs/classify-rows.js";
import {
  type Embedded,
  type EmbedImageOptions,
  type EmbedOptions,
  type EmbedRequest,
  embedInput,
  embedInputs,
  startEmbedding,
} from "./runs/embed-images.js";
import { type IngestRun, type RunRequest, startIngest } from "./runs/ingest-images.js";
import { type Insertion, type InsertOptions, insert } from "./runs/insert-images.js";
import { type InsertVectorsOptions, storeVectors, type VectorInsertion } from "./runs/insert-vectors.js";
import type { CopyRequest, ImportRequest, MovePreview } from "./runs/move-rows.js";
import { previewOfCopy, previewOfImport, startCopy, startImport } from "./runs/move-rows.js";
import type { MoveRun } from "./runs/move-run.js";
import { previewIngest } from "./runs/preview-ingest.js";
import { MetadataRefresh, type RefreshMetadataRequest } from "./runs/refresh-metadata.js";
import { Restoration, type RestoreRequest } from "./runs/restore-rows.js";
import { previewOfRetry, type RetryPreview, type RetryRequest, type RetryRun, startRetry } from "./runs/retry-failures.js";
import { previewSync, type SyncPreview, type SyncRequest, type SyncRun, startSync } from "./runs/sync-source.js";
import { type Verification, type VerifyRequest, verifySource } from "./runs/verify-source.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/**
 * Embeds, stores and searches images. Open a pipeline, use it, and close it.
 *
 *     await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig());
 *     await pipeline.insertImagesAsync({ inputs: ["cat.jpg"], collectionName: "pets" });
 *     const hits = await pipeline.searchImages("cat.jpg", { collectionName: "pets", topK: 5 });
 */
export class ImageEmbeddingPipeline extends RowCalls implements AsyncDisposable {
  readonly #parts: PipelineParts;

  private constructor(parts: PipelineParts) {
    super(parts);
    this.#parts = parts;
  }

  /** Opens a pipeline. Later changes of `config` have no effect on the pipeline. Throws if a part cannot be opened. */
  static async open(config: ServiceConfig = new ServiceConfig(), options: OpenOptions = {}): Promise<ImageEmbeddingPipeline> {
    return new ImageEmbeddingPipeline(await openParts(config, options));
  }

  /** The collection for calls that do not name one: `milvus.collection_name`, otherwise "images". */
  get defaultCollection(): string {
    return defaultCollection(this.#parts.settings);
  }

  /** Distributes work to many processes, and does such work. */
  get fleet(): Fleet {
    return new Fleet(this.#parts);
  }

  /** Second names of collections. */
  get aliases(): Aliases {
    return new Aliases(this.#parts);
  }

  /** Moves collections to the model of this pipeline. */
  get reembedding(): Reembedding {
    return new Reembedding(this.#parts);
  }

  /** The settings that a listing needs, for `listImages({ ...pipeline.listingSettings, paths })`. */
  get listingSettings(): Pick<ListingRequest, "s3" | "copies"> {
    return this.#parts.listingSettings;
  }

  /** Inserts images with the sequential schedule: one batch passes through all stages, then the next batch starts. */
  insertImages(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, "sequential", options);
  }

  /** Inserts images with the overlapped schedule: all stages work at the same time. */
  insertImagesAsync(options: InsertOptions): Promise<Insertion> {
    return insert(this.#parts, "overlapped", options);
  }

  /**
   * Stores vectors that another program has made, under the sources of their images. The images are not read. Throws `collection_not_found`, and
   * `passport_mismatch` if the vectors of the collection are those of another model.
   */
  insertVectors(options: InsertVectorsOptions): Promise<VectorInsertion> {
    return storeVectors(this.#parts, options);
  }

  /** Starts an ingestion of any stream of inputs, without keeping their ids in memory. The command line uses this method. */
  ingest(request: RunRequest): Promise<IngestRun> {
    return startIngest(this.#parts, request);
  }

  /** Tries images again that failed in earlier runs. Images that are then stored leave the dead-letter file. */
  retryFailures(request: RetryRequest = {}): Promise<RetryRun> {
    return startRetry(this.#parts, request);
  }

  /** Computes what a retry would do, without running it. */
  previewRetry(request: RetryRequest = {}): Promise<RetryPreview> {
    return previewOfRetry(this.#parts, request);
  }

  /** Stores the new and changed images of a source, and with `missing: "delete"` deletes the rows of its images that are gone. */
  sync(request: SyncRequest): Promise<SyncRun> {
    return startSync(this.#parts, request);
  }

  /** Computes what `sync` would do, without running it. */
  previewSync(request: Pick<SyncRequest, "source" | "collectionName" | "goneContainers">): Promise<SyncPreview> {
    return previewSync(this.#parts, request);
  }

  /** Compares a source with a collection, checks the stored rows, and repairs them if asked. Throws `collection_not_found`. */
  verify(request: VerifyRequest): Promise<Verification> {
    return verifySource(this.#parts, request);
  }

  /** Computes what an ingestion would do, without running it. */
  preview(inputs: InputStream, collectionName: string): Promise<Preview> {
    return previewIngest(this.#parts, inputs, collectionName);
  }

  /** Embeds one image, as a search embeds its query. Calls at the same time share batches of the model. Throws the error of the image. */
  embedImage(input: ImageInput, options: EmbedImageOptions = {}): Promise<Float32Array> {
    return embedInput(this.#parts, input, options);
  }

  /**
   * Embeds one text into the space of the images, as a search by words does. The vector has length 1. Throws `text_unavailable` if the model has
   * none for texts, and `word_unknown` if it knows labels only and the text is none of them.
   */
  embedText(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    return embedText(this.#parts, text, options);
  }

  /** Embeds images without storing them. The vector of an input that fails is null. */
  embedImages(inputs: Inputs, options: EmbedOptions = {}): Promise<Embedded> {
    return embedInputs(this.#parts, inputs, options);
  }

  /** Starts to embed any stream of inputs, and passes the vectors to a writer. The command line uses this method. */
  embedStream(request: EmbedRequest): Promise<Run> {
    return startEmbedding(this.#parts, request);
  }

  /** Returns the dimension of the embedder's vectors. */
  async dimension(): Promise<number> {
    return (await this.#parts.chain(never())).embedder.dimension;
  }

  /** Returns the tensor that the model gets for an image. */
  preprocessImage(input: ImageInput): Promise<Preprocessed> {
    return preprocessImage(this.#parts, input);
  }

  /**
   * Returns the bytes of an image, or of one that `listImages` has listed. Throws the error of the image if it cannot be read, such as
   * `source_unreadable`.
   */
  readImage(input: DescribedInput["input"], options: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array> {
    return readImage(this.#parts, input, options);
  }

  /** Returns a small JPEG of an image for people; null when the image does not exist or cannot be decoded. */
  thumbnail(input: ImageInput, options: ThumbnailOptions = {}): Promise<Uint8Array | null> {
    return thumbnailOf(this.#parts, input, options);
  }

  /** Returns the hits of one query, the best hit first. */
  async searchImages(query: SearchQuery, options: SearchOptions = {}): Promise<readonly Hit[]> {
    return (await this.searchMany([query], options))[0] ?? [];
  }

  /** Tells which texts can be searched for. */
  textSearch(): Promise<"any text" | "labels" | "none"> {
    return this.#parts.textSearch(never());
  }

  /** Returns the hits of a search by words, the best hit first. Throws `word_unknown` and `text_unavailable`. */
  searchText(text: string, options: SearchOptions = {}): Promise<readonly Hit[]> {
    return this.searchImages({ text }, options);
  }

  /** Returns one list of hits per query, in the order of the queries. */
  searchMany(queries: readonly SearchQuery[], options: SearchOptions = {}): Promise<readonly (readonly Hit[])[]> {
    return searchAll(this.#parts, queries, options);
  }

  /** Returns the metadata keys in a filter that no row has. These keys may be misspelt. Throws `filter_invalid`. */
  keysOfNoRow(collectionName: string, filter: string): Promise<readonly string[]> {
    return keysOfNoRow(this.#parts, collectionName, filter);
  }

  /**
   * Returns the keys that a filter compares with a value of another type than their own, such as a number with text. Such a comparison is never
   * true. Throws `filter_invalid`.
   */
  typeMismatches(collectionName: string, filter: string): Promise<readonly TypeMismatch[]> {
    return typeMismatches(this.#parts, collectionName, filter);
  }

  /** Finds rows of the same and of nearly the same image, in groups with the row to keep. Deletes nothing. */
  duplicates(request: DuplicatesRequest): AsyncGenerator<DuplicateGroup> {
    return findDuplicates(this.#parts, request);
  }

  /** Deletes rows by id. Returns the number of deleted rows. `restore` brings them back. */
  deleteByIds(collectionName: string, ids: readonly Key[], options: DeleteOptions = {}): Promise<number> {
    return deleteRows(this.#parts, collectionName, { ids }, options);
  }

  /** Deletes all rows that match a filter. Returns the number of deleted rows. `restore` brings them back. Throws `filter_invalid`. */
  async deleteByFilter(collectionName: string, filter: string, options: DeleteOptions = {}): Promise<number> {
    return deleteRows(this.#parts, collectionName, { filter: parseFilter(filter) }, options);
  }

  /** Writes labels into the metadata of stored rows, without embedding an image: `classify({ labels: ["cat", "dog"] }).start()`. */
  classify(request: ClassifyRequest = {}): Classification {
    return new Classification(this.#parts, request);
  }

  /**
   * Reads the files of stored images again, and gives their rows the metadata that the files contain, without embedding an image:
   * `refreshMetadata({ collectionName: "photos" }).start()`.
   */
  refreshMetadata(request: RefreshMetadataRequest = {}): MetadataRefresh {
    return new MetadataRefresh(this.#parts, request);
  }

  /** Brings deleted rows back: `restore({ collectionName: "photos", file: "latest" }).start()`. Throws `usage_invalid`. */
  restore(request: RestoreRequest): Restoration {
    return new Restoration(this.#parts, request);
  }

  /** Copies rows and passport into another collection, without embedding. A target that does not fit is refused before any row is written. */
  copyCollection(request: CopyRequest): Promise<MoveRun> {
    return startCopy(this.#parts, request);
  }

  /** Computes what a copy would do, without running it. Throws the errors of `copyCollection`. */
  previewCopy(request: CopyRequest): Promise<MovePreview> {
    return previewOfCopy(this.#parts, request);
  }

  /** Writes a collection to a Parquet or .npy file, or its images to shards. The returned `path` is that of the file or the folder. */
  exportCollection(request: ExportRequest): Promise<MoveRun & { readonly path: string }> {
    return startExport(this.#parts, request);
  }

  /** Copies the rows of a file into a collection, like `copyCollection`. Throws `input_invalid` for a file that is not an export. */
  importCollection(request: ImportRequest): Promise<MoveRun> {
    return startImport(this.#parts, request);
  }

  /** Computes what an import would do, without running it. Throws the errors of `importCollection`. */
  previewImport(request: ImportRequest): Promise<MovePreview> {
    return previewOfImport(this.#parts, request);
  }

  /** Checks the embedder and the store with a real call to each. A part that fails is in the result; the call does not throw. */
  health(): Promise<Health> {
    return checkHealth(this.#parts);
  }

  /** Finds problems of the embedder and the store, and possible speed-ups. A part that fails is in the result; the call does not throw. */
  diagnose(): Promise<Diagnosis> {
    return diagnose(this.#parts);
  }

  /** Closes workers and connections, and releases locks. May be called more than once. */
  close(): Promise<void> {
    return this.#parts.close();
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.close();
}
