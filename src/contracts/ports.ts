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

/** Names images, reads none. */
export interface Listing {
  /** Streams refs in a stable order; `stop` ends it. Throws `source_failed` when it cannot go on. */
  list(stop: AbortSignal): AsyncIterable<ImageRef>;
}

/** Fetches the bytes of one image. All readers of a pipeline are opened before the first image is read, whatever its scheme. */
export interface Reader extends Part {
  readonly schemes: readonly string[];
  /** Throws item-scoped errors. */
  read(ref: ImageRef, options: { readonly maxBytes: number }, signal: AbortSignal): Promise<Encoded>;
}

export interface ImageMeasure {
  /** Of the oriented image, in pixels. */
  readonly width: number;
  readonly height: number;
  /** What decoding needs at its peak beside input and output, in bytes. */
  readonly peakBytes: number;
}

/** Turns encoded bytes into 8-bit sRGB pixels: oriented, on white, one frame. Opened beside the embedder. */
export interface ImageDecoder extends Part {
  /** Reads the header alone. Throws `image_corrupt`, `image_unsupported`, `image_too_large`. */
  measure(image: Encoded): Promise<ImageMeasure>;
  /** Decodes into a buffer that belongs to the caller. Throws the same. */
  decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels>;
}

/** Turns pixels into the model's tensors, when there is more to do than the decoder did. Opened after the embedder, as it depends on it. */
export interface Preprocessor extends Part {
  readonly label: string;
  readonly input: Geometry;
  readonly output: TensorSpec;
  /** Fills rows 0 to batch.length − 1 of the slab. */
  run(batch: readonly Pixels[], into: Slab, signal: AbortSignal): Promise<void>;
}

/** How an embedder likes to be fed. */
export interface Feed {
  readonly preferredBatch: number;
  readonly maxBatch: number;
  /** Calls of `embed` at once. */
  readonly parallel: number;
}

/** Turns tensors into embeddings. `dimension` and `feed` are known after `open`, which the first image that must be embedded waits for. */
export interface Embedder extends Part {
  readonly input: TensorSpec;
  readonly dimension: number;
  /** Model and runtime, for people. */
  readonly label: string;
  /** Name of the preprocessing that belongs to the model, known after `open`; null or absent when nobody knows. */
  readonly preset?: string | null;
  readonly feed: Feed;
  /** What people should know of since the last call, such as a limit that was found; asked after each batch. */
  notices?(): readonly string[];
  /** A real inference; throws what is wrong. */
  check(signal: AbortSignal): Promise<void>;
  /** Memory for a batch, from a pool. */
  lease(rows: number): Slab;
  /** Consumes the slab, also on error. The values are raw: not normalised, not checked. */
  embed(slab: Slab, signal: AbortSignal): Promise<Vectors>;
}

export type Metric = "cosine" | "ip" | "l2";

/** What made the vectors of a collection: three probe images' vectors through the whole chain, and labels for people. */
export interface Passport {
  readonly probes: readonly (readonly number[])[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface CollectionSchema {
  readonly dimension: number;
  readonly metric: Metric;
  /** Type of the ids. Default "text". */
  readonly idType?: "text" | "int64";
  /** Store's own index kind, or "auto". */
  readonly index?: string;
  /** Null: not known yet, written before the first vector. */
  readonly passport: Passport | null;
}

export interface CollectionStats {
  readonly name: string;
  readonly count: number;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  /** Kind of the vector index now in place; "none" means exact search. */
  readonly index: string;
  readonly passport: Passport | null;
}

export interface KnownRow {
  readonly version: string;
  readonly metadataHash: string;
}

export interface StoredContent {
  readonly vector: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** One row that a store would not take; the others of its batch are durable. */
export interface RowFailure {
  /** Position in the batch. */
  readonly index: number;
  readonly error: HeadraceError;
}

export interface SearchOptions {
  /** 1 to 1000. */
  readonly topK: number;
  /** Hits with a lower score are left out; at most `topK` remain. In the scores of `Hit`: higher is nearer with every metric. Default: none is. */
  readonly minScore?: number;
  readonly filter?: Filter;
  readonly signal?: AbortSignal;
}

export interface Hit {
  readonly id: Key;
  /** Higher is nearer: the cosine, the inner product, or minus the squared distance. */
  readonly score: number;
  readonly facts: ImageFacts;
}

export type Selection = { readonly ids: readonly Key[] } | { readonly filter: Filter };

/** One collection of a store. */
export interface Collection {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;
  /** True when it has no rows: a run then asks for nothing before it writes. */
  isEmpty(signal: AbortSignal): Promise<boolean>;
  /** Writes the passport with the collection; needs write access. */
  setPassport(passport: Passport): Promise<void>;
  /** Durable when it resolves, but for the rows it names. A key given twice in a batch: the last one wins. */
  upsert(rows: RowBatch, signal: AbortSignal): Promise<readonly RowFailure[]>;
  /** Those of the ids that are stored. */
  known(ids: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, KnownRow>>;
  /** Those of the content fingerprints that are stored, with their vectors. */
  byContent(fingerprints: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, StoredContent>>;
  /** One list of hits for each query, best first. */
  search(queries: readonly Float32Array[], options: SearchOptions): Promise<readonly (readonly Hit[])[]>;
  /** Stored rows among the ids, in no particular order. */
  get(ids: readonly Key[], options: { readonly vectors: "include" | "omit"; readonly signal?: AbortSignal }): Promise<readonly StoredRow[]>;
  /** How many rows were there to be deleted. */
  delete(selection: Selection, signal: AbortSignal): Promise<number>;
  count(filter?: Filter): Promise<number>;
  /** All rows, in batches. */
  scan(options: {
    readonly filter?: Filter;
    readonly vectors: "include" | "omit";
    readonly batchRows?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<readonly StoredRow[]>;
  stats(): Promise<CollectionStats>;
  /** At the end of every call that wrote: what cannot wait for upkeep, such as a flush. Cheap when this handle wrote nothing. */
  settle(signal: AbortSignal): Promise<void>;
  /**
   * Compaction and indexes. "owed": as far as the store's own thresholds ask for it, whoever wrote the rows, so that upkeep which a
   * killed or stopped call left is done by the next call; cheap when nothing is owed. "all": whatever makes the collection faster or
   * smaller. Rejects with `aborted` within a second of the signal; what is done stays, and the next call goes on. When it fails, the
   * collection stays searchable.
   */
  upkeep(extent: "owed" | "all", signal: AbortSignal): Promise<void>;
  /** Called once, by the call that opened it, before the store is closed. Gives back handles and, for a writer, the lock. */
  close(): Promise<void>;
}

/** Where whole rows come from, from the first to the last: a collection, or a file that one was exported to. */
export interface RowSource extends Pick<Collection, "name" | "dimension" | "metric" | "idType" | "passport" | "scan" | "close"> {
  count(): Promise<number>;
}

/** Writes a collection's rows into a file, in the order given. */
export interface RowWriter {
  /** Not durable before `finish`. Answers the rows that the file cannot hold; throws errors of scope "run". */
  write(rows: readonly StoredRow[]): Promise<readonly RowFailure[]>;
  /** Puts the whole file in its place. */
  finish(): Promise<void>;
  /** Removes what was written; harmless after `finish`. */
  discard(): Promise<void>;
}

/** Where collections live. Opened by the first call, whatever it is about. */
export interface VectorStore extends Part {
  /** Writes at once: 1 for stores with a single writer. */
  readonly maxWriters: number;
  /** What one write had best have: batches that wait for the writer are written together. Absent: each batch is a write of its own. */
  readonly gathers?: { readonly rows: number; readonly bytes: number };
  /** Creates and opens for writing. Throws `collection_exists`. */
  create(name: string, schema: CollectionSchema): Promise<Collection>;
  /** Throws `collection_not_found`; "write" takes the writer's lock where the store needs one (`lock_held`). */
  openCollection(name: string, access: "read" | "write"): Promise<Collection>;
  list(): Promise<readonly CollectionStats[]>;
  drop(name: string): Promise<void>;
  /** A real call; throws what is wrong. */
  check(signal: AbortSignal): Promise<void>;
}
