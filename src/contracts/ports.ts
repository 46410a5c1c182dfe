/**
 * The interfaces that adapters implement. These interfaces do not depend on the engine. Only the pipeline opens and closes an adapter that
 * is a `Part`. The pipeline opens the adapter once, when a first call needs it, and closes the adapter when the pipeline is closed. All
 * calls use the same open adapter. If a call opens something itself, such as a collection, the same call closes it.
 */
import type { CollectionAliases } from "./aliases.js";
import type { CopiedVersion, CopyOptions, CopyTarget, ReadOptions } from "./file-copies.js";
import type { Filter } from "./filter.js";
import type { Part } from "./flow.js";
import type { ModelTensors } from "./models.js";
import type { Encoded, ImageFacts, ImageRef, Key, Pixels, RowBatch, Slab, StoredRow, TensorSpec, Vectors } from "./payloads.js";
import type { Geometry } from "./preprocessing.js";
import type { InsertResult, PagedRows, RowFailure } from "./row-results.js";
import type { ServerUse } from "./server-use.js";
import type { TextProbes } from "./texts.js";
import type { BuiltIndex, UpkeepOptions } from "./upkeep.js";

/** Finds the images of an input, such as a folder or a manifest, without reading their bytes. */
export interface Listing {
  /** Returns the images, in the same order at each call. Ends when `stop` fires. Throws `source_failed` if listing the images fails. */
  list(stop: AbortSignal): AsyncIterable<ImageRef>;
}

/** Reads the bytes of an image. The pipeline opens all its readers before the first image is read, even readers for unused schemes. */
export interface Reader extends Part {
  /** The URI schemes of the images that this reader can read, such as `https`. */
  readonly schemes: readonly string[];
  /** Throws an error of scope "item" if the image cannot be read. */
  read(ref: ImageRef, options: ReadOptions, signal: AbortSignal): Promise<Encoded>;
  /**
   * Like `read`, but returns null if the source still has the version `storedVersion`. For sources that can answer this without sending the
   * image. Default: the image is always read.
   */
  readIfChanged?(
    ref: ImageRef,
    options: { readonly maxBytes: number; readonly storedVersion: string },
    signal: AbortSignal,
  ): Promise<Encoded | null>;
  /**
   * Copies a table or an archive. Tries again after a lost connection. Returns null if the source still has `storedVersion`. Throws an error
   * of scope "item". Default: tables and archives of these schemes cannot be read.
   */
  copy?(ref: ImageRef, target: CopyTarget, options: CopyOptions, signal: AbortSignal): Promise<CopiedVersion | null>;
  /**
   * Asks the server or the bucket of an image once whether it still answers. Called after the failure of an image, with an image that was read
   * before. Resolves if it answers, also if it refuses this image. Rejects with the reason if no answer comes or if it cannot serve anybody now.
   * Then the other images wait for it. Default: each image fails by itself.
   */
  checkOrigin?(ref: ImageRef, signal: AbortSignal): Promise<void>;
}

/** The size of an image, and the memory to decode it, from the header of the image. */
export interface ImageMeasure {
  /** Width in pixels, after the EXIF orientation is applied. */
  readonly width: number;
  /** Height in pixels, after the EXIF orientation is applied. */
  readonly height: number;
  /** The most memory that decoding will use, in bytes. The encoded image and the decoded pixels are not included. */
  readonly peakBytes: number;
}

/**
 * Decodes an image file into 8-bit sRGB pixels. The decoder applies the EXIF orientation, replaces transparency by white, and decodes one
 * frame of an animation. The pipeline opens the decoder and the embedder at the same time.
 */
export interface ImageDecoder extends Part {
  /** Reads only the header of the image. Throws `image_corrupt`, `image_unsupported` or `image_too_large`. */
  measure(image: Encoded): Promise<ImageMeasure>;
  /** Decodes the image into a new buffer. The buffer belongs to the caller. Throws the same errors as `measure`. */
  decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels>;
  /** Returns messages for the user that are new since the last call. Called after each image of a run. Default: no messages. */
  notices?(): readonly string[];
}

/**
 * Converts pixels to the tensors of the model. It is used only if the model cannot take the pixels of the decoder directly. The pipeline
 * opens the preprocessor after the embedder, because the preprocessor depends on the input of the model.
 */
export interface Preprocessor extends Part {
  readonly label: string;
  readonly input: Geometry;
  readonly output: TensorSpec;
  /** Writes the tensor of image i into row i of the slab. */
  run(batch: readonly Pixels[], into: Slab, signal: AbortSignal): Promise<void>;
}

/** The batch sizes and the concurrency that an embedder works best with. */
export interface Feed {
  readonly preferredBatch: number;
  readonly maxBatch: number;
  /** How many calls of `embed` may run at the same time. */
  readonly parallel: number;
}

/** Computes embeddings from tensors. `dimension` and `feed` are known after `open`. The first image to embed waits for `open`. */
export interface Embedder extends Part {
  readonly input: TensorSpec;
  readonly dimension: number;
  /** Name of the model and its runtime, to show to users. */
  readonly label: string;
  /** Name of the preset that the model was trained with. It is known after `open`. null or absent: unknown. */
  readonly preset?: string | null;
  /** Path of the model's `preprocessor_config.json`. It is known after `open`. null or absent: there is none. */
  readonly presetFile?: string | null;
  readonly feed: Feed;
  /** Known after `open`. Absent or null: the embedder does not tell. */
  readonly tensors?: ModelTensors | null;
  /** Returns messages for the user that are new since the last call, for example about a limit of the server. Called after each batch. */
  notices?(): readonly string[];
  /** Reads the counts of the servers. null: the servers do not tell. Called about once per second during a run. Absent: there is no server. */
  serverUse?(signal: AbortSignal): Promise<ServerUse | null>;
  /** Runs one real inference. Throws if the inference fails. */
  check(signal: AbortSignal): Promise<void>;
  /** Returns memory for a batch with this number of images. */
  lease(rows: number): Slab;
  /**
   * Computes the embeddings of a batch. The slab cannot be used afterwards, even if `embed` throws. The vectors are those of the model:
   * `embed` neither normalises nor checks them.
   */
  embed(slab: Slab, signal: AbortSignal): Promise<Vectors>;
}

/** The measure of similarity between two vectors: cosine, inner product ("ip") or Euclidean distance ("l2"). */
export type Metric = "cosine" | "ip" | "l2";

/**
 * Identifies the model and the preprocessing that made the vectors of a collection. Two passports match if their embeddings of the probe
 * images match.
 */
export interface Passport {
  /** The embeddings of three built-in probe images, computed with the same decoder, preprocessing and model as the collection. */
  readonly probes: readonly (readonly number[])[];
  /** Names of the model, the preprocessing and the normalisation, to show to users. */
  readonly labels: Readonly<Record<string, string>>;
  /** The model for texts that belongs to the model. Absent: none was configured when the passport was made. */
  readonly text?: TextProbes;
  /**
   * When an alias was first switched to the collection, in milliseconds since the epoch. 0: at an unknown time. Re-embedding deletes no row
   * that was inserted later. Absent: no alias was ever switched to it. Not a part of the comparison of passports.
   */
  readonly liveSince?: number;
}

/** The properties of a new collection. */
export interface CollectionSchema {
  readonly dimension: number;
  readonly metric: Metric;
  /** Type of the row keys. Default "text". */
  readonly idType?: "text" | "int64";
  /** Type of the vector index: a name that the store uses, or "auto". Default "auto". */
  readonly index?: string;
  /** null: not known yet. The passport must then be set before the first vector is written. */
  readonly passport: Passport | null;
}

/** Size and settings of a collection. */
export interface CollectionStats {
  readonly name: string;
  /** Number of rows. */
  readonly count: number;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  /** Type of the current vector index. "none": a search compares the query with every row. */
  readonly index: string;
  /** The metadata keys and built-in columns with an index for filters, besides `id` and `content`. Sorted. */
  readonly indexedKeys: readonly string[];
  /** The metadata keys that an index for filters can be built on, with those that have one. Sorted. */
  readonly indexableKeys: readonly string[];
  readonly passport: Passport | null;
}

/** The columns of a stored row that show whether the row is up to date. */
export interface KnownRow {
  readonly version: string;
  readonly metadataHash: string;
}

/** The columns that a new row copies from a stored row whose image has the same bytes. */
export interface StoredContent {
  readonly vector: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Options of a search. */
export interface SearchOptions {
  /** Maximum number of hits per query, from 1 to 1000. */
  readonly topK: number;
  /** Hits with a lower `score` are left out. Default: no minimum. */
  readonly minScore?: number;
  readonly filter?: Filter;
  readonly signal?: AbortSignal;
}

/** One result of a search. */
export interface Hit {
  readonly id: Key;
  /** The cosine, the inner product, or the negative squared distance. With every metric, a higher score means a more similar vector. */
  readonly score: number;
  readonly facts: ImageFacts;
}

/** Selects rows of a collection, by id or by filter. */
export type Selection = { readonly ids: readonly Key[] } | { readonly filter: Filter };

/** One open collection of a store. */
export interface Collection extends PagedRows {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;
  /**
   * Metadata keys whose values the store may give back otherwise than they were written: rounded, or with a default value that nobody wrote.
   * Absent: there are none.
   */
  readonly inexactKeys?: ReadonlySet<string>;
  /** Returns true if the collection has no rows. A run then looks up no keys. */
  isEmpty(signal: AbortSignal): Promise<boolean>;
  /** Throws if the configured user may not write rows. Writes none. Absent: every user may. Called before a run embeds its first image. */
  checkMayWrite?(signal: AbortSignal): Promise<void>;
  /** Stores the passport in the collection. Needs write access. */
  setPassport(passport: Passport): Promise<void>;
  /**
   * Inserts rows, or replaces the rows with the same keys. Returns the rows that the store has rejected. All other rows are durable when
   * `upsert` resolves. If a key occurs more than once in a batch, the last row with the key is stored.
   */
  upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]>;
  /**
   * Inserts the rows whose keys the collection does not have, even if types of metadata differ. A store with several writers may replace a
   * row that another one writes within the same milliseconds. Absent: the caller looks up the keys just before it calls `upsert`.
   */
  insertAbsent?(rows: RowBatch, signal: AbortSignal): Promise<InsertResult>;
  /**
   * Returns the version and the metadata hash of the rows with these ids. Ids without a row are missing in the result. `versions`: the versions
   * that the rows probably have, as far as the caller expects some. They change nothing in the result, but a store that remembers hashes of
   * versions needs no query for such a row.
   */
  known(ids: readonly Key[], signal: AbortSignal, versions?: ReadonlyMap<Key, string>): Promise<ReadonlyMap<Key, KnownRow>>;
  /** Finds rows by their value in the `content` column. Values without a row are missing in the result. */
  byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>>;
  /** Returns one list of hits per query. The best hit comes first. */
  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]>;
  /** Returns the rows with these ids, in no particular order. Ids without a row are missing in the result. */
  get(ids: readonly Key[], options: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal }): Promise<readonly StoredRow[]>;
  /** Returns the number of deleted rows. */
  delete(selection: Selection, signal: AbortSignal): Promise<number>;
  count(filter?: Filter): Promise<number>;
  /** Streams all rows that match the filter, in batches. Without a filter: all rows of the collection. */
  scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]>;
  stats(): Promise<CollectionStats>;
  /**
   * Does the maintenance that must follow every write, such as a flush. Called at the end of every call that has written rows. Cheap if no
   * rows were written. `whose`: the rows of this object, or those of all processes. Default "own".
   */
  settle(signal: AbortSignal, whose?: "own" | "all"): Promise<void>;
  /**
   * Compacts the collection and builds its indexes. "owed" does only the work that the thresholds of the store require. This work includes
   * the rows of other processes and of calls that were killed or stopped. "owed" is cheap if no work is required. "all" does all work that
   * makes the collection faster or smaller. After the signal fires, `upkeep` rejects with `aborted` within a second. Finished work is kept,
   * and the next call does the rest. The collection stays searchable after a failure.
   */
  upkeep(extent: "owed" | "all", signal: AbortSignal, options?: UpkeepOptions): Promise<void>;
  /**
   * Builds the index on a column now, even if `upkeep` would not build it because of thresholds or settings. `column`: "vector", a metadata
   * key, or a built-in column. Afterwards `upkeep` keeps the index up to date, and filters on the column use it. Cheap if the index covers
   * all rows. Throws `index_invalid` if the store cannot build the index. The signal has the same effect as in `upkeep`. Needs write access.
   */
  buildIndex(column: string, signal: AbortSignal, options?: UpkeepOptions): Promise<BuiltIndex>;
  /** Releases handles and, after write access, the writer lock. The caller that opened the collection calls `close` once. */
  close(): Promise<void>;
}

/** A vector database, or a folder with collections. The pipeline opens its store at the first call, whatever the call does. */
export interface VectorStore extends Part, CollectionAliases {
  /** Maximum number of concurrent writes. 1 for stores that allow only one writer. */
  readonly maxWriters: number;
  /** Preferred size of one write. Batches that wait for the writer are combined up to this size. Absent: batches are not combined. */
  readonly gathers?: { readonly rows: number; readonly bytes: number };
  /** Creates a collection and opens it for writing. Throws `collection_exists`, also if an alias has the name. */
  create(name: string, schema: CollectionSchema): Promise<Collection>;
  /**
   * Opens a collection by its name or an alias. The open collection stays the same if the alias is set to another one later. "write"
   * acquires the writer lock, if the store has one. Throws `collection_not_found` or `lock_held`.
   */
  openCollection(nameOrAlias: string, access: "read" | "write"): Promise<Collection>;
  /** Describes all collections of the store. */
  list(): Promise<readonly CollectionStats[]>;
  /** Deletes a collection with all its rows. Throws `collection_aliased` if the name is an alias, or if the collection has an alias. */
  drop(name: string): Promise<void>;
  /** Makes one real call to the store. Throws if the call fails. */
  check(signal: AbortSignal): Promise<void>;
}
