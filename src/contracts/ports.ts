/**
 * The narrow ports that adapters implement; none of them knows the engine. The ports that are a `Part` are opened and closed by the
 * pipeline alone: opened once, when the first call needs them, for all calls; closed once, when the pipeline is. Stages and calls borrow
 * them. What a call opens for itself, such as a collection, it closes itself.
 */
import type { HeadraceError } from "./errors.js";
import type { Filter } from "./filter.js";
import type { Part } from "./flow.js";
import type { Encoded, ImageFacts, ImageRef, Key, Pixels, RowBatch, Slab, StoredRow, TensorSpec, Vectors } from "./payloads.js";
import type { Geometry } from "./preprocessing.js";

/** Finds images without reading them. */
export interface Listing {
  /** Streams refs in a stable order until `stop` fires. Throws `source_failed` when it cannot continue. */
  list(stop: AbortSignal): AsyncIterable<ImageRef>;
}

/** Fetches the bytes of one image. All readers of a pipeline are opened before the first image is read, whatever its scheme. */
export interface Reader extends Part {
  readonly schemes: readonly string[];
  /** Throws item-scoped errors. */
  read(ref: ImageRef, options: { readonly maxBytes: number }, signal: AbortSignal): Promise<Encoded>;
}

/** What the header of an image says about its size. */
export interface ImageMeasure {
  /** In pixels, after the EXIF orientation is applied. */
  readonly width: number;
  /** In pixels, likewise. */
  readonly height: number;
  /** Peak memory of decoding in bytes, without the encoded image and the result. */
  readonly peakBytes: number;
}

/** Turns encoded bytes into 8-bit sRGB pixels: oriented, on white, one frame. Opened beside the embedder. */
export interface ImageDecoder extends Part {
  /** Reads only the header. Throws `image_corrupt`, `image_unsupported`, `image_too_large`. */
  measure(image: Encoded): Promise<ImageMeasure>;
  /** Decodes into a new buffer, which the caller owns. Throws the same errors as `measure`. */
  decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels>;
}

/** Turns pixels into the model's tensors, when there is more to do than the decoder did. Opened after the embedder, as it depends on it. */
export interface Preprocessor extends Part {
  readonly label: string;
  readonly input: Geometry;
  readonly output: TensorSpec;
  /** Writes the tensor of image i into row i of the slab. */
  run(batch: readonly Pixels[], into: Slab, signal: AbortSignal): Promise<void>;
}

/** The batch sizes and the concurrency that suit an embedder. */
export interface Feed {
  readonly preferredBatch: number;
  readonly maxBatch: number;
  /** Concurrent calls of `embed`. */
  readonly parallel: number;
}

/** Turns tensors into embeddings. `dimension` and `feed` are known after `open`, which the first image that must be embedded waits for. */
export interface Embedder extends Part {
  readonly input: TensorSpec;
  readonly dimension: number;
  /** Names the model and its runtime, for people. */
  readonly label: string;
  /** Name of the preprocessing that belongs to the model, known after `open`. null or absent: unknown. */
  readonly preset?: string | null;
  readonly feed: Feed;
  /** Returns new messages for people, for example about a limit that was found. Called after each batch. */
  notices?(): readonly string[];
  /** Runs one real inference. Throws when it fails. */
  check(signal: AbortSignal): Promise<void>;
  /** Takes memory for a batch from a pool. */
  lease(rows: number): Slab;
  /** Consumes the slab, also when it throws. The vectors are neither normalised nor checked. */
  embed(slab: Slab, signal: AbortSignal): Promise<Vectors>;
}

/** How two vectors are compared: by cosine, inner product ("ip") or Euclidean distance ("l2"). */
export type Metric = "cosine" | "ip" | "l2";

/** Identifies the model and preprocessing that made the vectors of a collection. Two passports match when their probe vectors do. */
export interface Passport {
  /** The embeddings of three built-in probe images, made by decoder, preprocessing and model together. */
  readonly probes: readonly (readonly number[])[];
  /** Names of the model, the preprocessing and the normalisation, for people. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What a store must know to create a collection. */
export interface CollectionSchema {
  readonly dimension: number;
  readonly metric: Metric;
  /** Default "text". */
  readonly idType?: "text" | "int64";
  /** Kind of vector index, as the store names it, or "auto". Default "auto". */
  readonly index?: string;
  /** null: unknown as yet. It must be set before the first vector is written. */
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
  /** Kind of the current vector index. "none": searches compare the query with every row. */
  readonly index: string;
  readonly passport: Passport | null;
}

/** What tells whether a stored row is up to date. */
export interface KnownRow {
  readonly version: string;
  readonly metadataHash: string;
}

/** What a row takes over from another row whose image has the same bytes. */
export interface StoredContent {
  readonly vector: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** One row that a store rejected. The other rows of its batch are durable. */
export interface RowFailure {
  /** Position of the row in the batch, from 0. */
  readonly index: number;
  readonly error: HeadraceError;
}

/** Limits of a search. */
export interface SearchOptions {
  /** Maximum number of hits per query, from 1 to 1000. */
  readonly topK: number;
  /** Leaves out hits whose `score` is lower. Default: no minimum. */
  readonly minScore?: number;
  readonly filter?: Filter;
  readonly signal?: AbortSignal;
}

/** One result of a search. */
export interface Hit {
  readonly id: Key;
  /** Higher is nearer, with every metric: the cosine, the inner product, or minus the squared distance. */
  readonly score: number;
  readonly facts: ImageFacts;
}

/** The rows of a collection that a call is about. */
export type Selection = { readonly ids: readonly Key[] } | { readonly filter: Filter };

/** One collection of a store. */
export interface Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;
  /** True when the collection has no rows. A run then skips all lookups. */
  isEmpty(signal: AbortSignal): Promise<boolean>;
  /** Stores the passport in the collection. Needs write access. */
  setPassport(passport: Passport): Promise<void>;
  /**
   * Inserts rows, or replaces the rows with the same keys. They are durable when it resolves, except the ones that it returns. If a batch
   * has a key twice, the last row wins.
   */
  upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]>;
  /** Looks up ids. Ids that are not stored are missing in the result. */
  known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>>;
  /** Looks up values of the `content` column. Values that are not stored are missing in the result. */
  byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>>;
  /** Returns one list of hits per query, best first. */
  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]>;
  /** Returns the rows with these ids, in no particular order. Ids that are not stored are left out. */
  get(ids: readonly Key[], options: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal }): Promise<readonly StoredRow[]>;
  /** Returns the number of deleted rows. */
  delete(selection: Selection, signal: AbortSignal): Promise<number>;
  count(filter?: Filter): Promise<number>;
  /** Streams all rows that match the filter, in batches. */
  scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]>;
  stats(): Promise<CollectionStats>;
  /** Does what cannot wait for upkeep, such as a flush. Called at the end of every call that wrote. Cheap when nothing was written. */
  settle(signal: AbortSignal): Promise<void>;
  /**
   * Compacts the collection and builds its indexes. "owed" does only what the thresholds of the store require, and is cheap when nothing is
   * required. It does not matter who wrote the rows, so it also does the upkeep that a killed or stopped call has left. "all" does
   * everything that makes the collection faster or smaller. It rejects with `aborted` within a second of the signal. Finished work stays,
   * and the next call continues. After a failure the collection is still searchable.
   */
  upkeep(extent: "owed" | "all", signal: AbortSignal): Promise<void>;
  /** Called once, by the call that opened it, before the store is closed. Gives back handles and, for a writer, the lock. */
  close(): Promise<void>;
}

/** Provides whole rows: a collection, or a file that a collection was exported to. */
export interface RowSource extends Pick<Collection, "name" | "dimension" | "metric" | "idType" | "passport" | "scan" | "close"> {
  count(): Promise<number>;
}

/** Writes the rows of a collection into a file, in the given order. */
export interface RowWriter {
  /** Adds rows, which become durable with `finish`. Returns the rows that the file cannot hold. Throws errors of scope "run". */
  write(rows: readonly StoredRow[]): Promise<readonly RowFailure[]>;
  /** Completes the file and moves it to its final path. */
  finish(): Promise<void>;
  /** Deletes the unfinished file. Harmless after `finish`. */
  discard(): Promise<void>;
}

/** Where collections live. Opened by the first call, whatever it is about. */
export interface VectorStore extends Part {
  /** Writes at once: 1 for stores with a single writer. */
  readonly maxWriters: number;
  /** Preferred size of one write. Batches that wait for the writer are written together. Absent: each batch is a write of its own. */
  readonly gathers?: { readonly rows: number; readonly bytes: number };
  /** Creates a collection and opens it for writing. Throws `collection_exists`. */
  create(name: string, schema: CollectionSchema): Promise<Collection>;
  /** Opens a collection. "write" takes the writer lock, if the store has one. Throws `collection_not_found` and `lock_held`. */
  openCollection(name: string, access: "read" | "write"): Promise<Collection>;
  list(): Promise<readonly CollectionStats[]>;
  drop(name: string): Promise<void>;
  /** Makes one real call to the store. Throws when it fails. */
  check(signal: AbortSignal): Promise<void>;
}
