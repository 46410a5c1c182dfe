/** What travels through the pipeline, in the order of the flow: ImageRef → Encoded → Pixels → Tensor → Vectors → Row. */
import type { HeadraceError } from "./errors.js";

/** The key of a row: text, or int64 when the caller's own ids are whole numbers (then a bigint in code, a string in JSON). */
export type Key = string | bigint;

/** A metadata value as a store keeps it: text, float64 or bool. */
export type MetadataValue = string | number | boolean;

/** Named values of one image; null means "not given". Names match `[a-z_][a-z0-9_]{0,62}`. */
export type Metadata = Readonly<Record<string, MetadataValue | null>>;

/** How something ends that goes no further than its listing. */
export type Refusal = { readonly kind: "fail"; readonly error: HeadraceError } | { readonly kind: "skip"; readonly reason: string };

/** One image as a listing names it, before any of its bytes was read. */
export interface ImageRef {
  /** Canonical URI: the `source` column, and what the key is derived from. */
  readonly uri: string;
  /** What the reader opens: an absolute path, a URL. */
  readonly location: string;
  /** Picks the reader: `file`, `https`, `data` … */
  readonly scheme: string;
  /** The listing it came from: a folder, a glob, a manifest, or the image itself. A column, so that a filter can tell listings apart. */
  readonly root: string;
  /** The cheap mark of change, or null when nothing can be trusted before reading. */
  readonly version: string | null;
  /** Size in bytes where the listing knows it, else null. */
  readonly sizeBytes: number | null;
  /** Replaces what is stored, empty metadata too; null when this listing knows none, so that what is stored stays. */
  readonly metadata: Metadata | null;
  /** Where a manifest names it, `file:line`. */
  readonly line?: string;
  /** Set where there is nothing to read, as for a bad line of a manifest: how it ends. */
  readonly refused?: Refusal;
  /** The image itself, when the caller handed over bytes; read only. */
  readonly data?: Uint8Array;
}

/** The encoded image, exactly as its source holds it. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The mark of change that belongs to these bytes; null when the source gives none. */
  readonly version: string | null;
}

/** Decoded 8-bit RGB pixels, row by row, `width × height × 3` bytes in a buffer of their own. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Size of the oriented original, in pixels. */
  readonly original: { readonly width: number; readonly height: number };
}

export type TensorType = "uint8" | "float16" | "float32";
export type TensorLayout = "NHWC" | "NCHW";

/** One image's tensor, three channels in RGB order; a batch is `rows` of these back to back. */
export interface TensorSpec {
  readonly dtype: TensorType;
  readonly layout: TensorLayout;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** One image as the model takes it: the raw little-endian bytes of a TensorSpec. */
export interface Tensor {
  readonly data: Uint8Array;
}

/** Memory for a batch of tensors; made by `Embedder.lease`, consumed by `Embedder.embed`. */
export interface Slab {
  readonly rows: number;
  /** Bytes of one row; row i starts at `i * rowBytes`. */
  readonly rowBytes: number;
  /** Exactly `rows * rowBytes` bytes. */
  readonly bytes: Uint8Array;
  /** Gives the memory back unused; harmless after `embed`. */
  release(): void;
}

/** The embeddings of a batch: row i is `values.subarray(i * dimension, (i + 1) * dimension)`. */
export interface Vectors {
  readonly dimension: number;
  readonly values: Float32Array;
}

/** What must reach the row beside key and vector; grows along the way, complete when stored. */
export interface ImageFacts {
  readonly source: string;
  readonly root: string;
  readonly version: string;
  /** SHA-256 of the encoded bytes in hex; empty until read. */
  readonly content: string;
  readonly metadata: Metadata;
  readonly metadataHash: string;
  /** Of the oriented original, in pixels; 0 until decoded. */
  readonly width: number;
  readonly height: number;
  /** Where a manifest names the image, `file:line`: for messages, not stored. */
  readonly line?: string;
}

/** The last value of an item: one embedding, `dimension` numbers. */
export interface Row {
  readonly vector: Float32Array;
  /** Set for a row that was stored before and moves: milliseconds since the epoch, UTC. Default: when it is written. */
  readonly ingestedAt?: number;
}

/** Rows on their way into a store, as columns of equal length. */
export interface RowBatch {
  readonly ids: readonly Key[];
  /** `ids.length × dimension` numbers. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly facts: readonly ImageFacts[];
  /** Milliseconds since the epoch, UTC: one moment for all rows, or one for each. */
  readonly ingestedAt: number | readonly number[];
}

/** A row as a store gives it back. */
export interface StoredRow {
  readonly id: Key;
  /** Null unless asked for. */
  readonly vector: Float32Array | null;
  readonly facts: ImageFacts;
  readonly ingestedAt: number;
}
