/** What travels through the pipeline, in the order of the flow: ImageRef → Encoded → Pixels → Tensor → Vectors → Row. */
import type { HeadraceError } from "./errors.js";

/** The key of a row. Text, or a bigint when the ids of the collection are whole numbers; JSON shows a bigint as text. */
export type Key = string | bigint;

/** A metadata value as a store keeps it: text, float64 or bool. */
export type MetadataValue = string | number | boolean;

/** Named values of one image. null means "no value". Names match `[a-z_][a-z0-9_]{0,62}`. */
export type Metadata = Readonly<Record<string, MetadataValue | null>>;

/** The outcome of an item that a listing names but cannot provide. */
export type Refusal = { readonly kind: "fail"; readonly error: HeadraceError } | { readonly kind: "skip"; readonly reason: string };

/** One image as a listing names it, before its bytes are read. */
export interface ImageRef {
  /** Canonical URI. It is stored in the `source` column, and the key is derived from it. */
  readonly uri: string;
  /** What the reader opens: an absolute path or a URL. */
  readonly location: string;
  /** Selects the reader: `file`, `https`, `data` … */
  readonly scheme: string;
  /** The listing that named the image: a folder, a glob, a manifest, or the image itself. Stored in the `root` column, for filters. */
  readonly root: string;
  /** Text that changes whenever the image changes, known without reading it. null: the image must be read to tell. */
  readonly version: string | null;
  /** Size of the encoded image in bytes; null when the listing does not know it. */
  readonly sizeBytes: number | null;
  /** Replaces the stored metadata, even when it is empty. null: the listing has no metadata, and the stored metadata stays. */
  readonly metadata: Metadata | null;
  /** The manifest line that names the image, as `file:line`. */
  readonly line?: string;
  /** Set when there is nothing to read, for example for a bad manifest line. The item ends with this outcome. */
  readonly refused?: Refusal;
  /** The encoded image, when the caller passed bytes. Must not be changed. */
  readonly data?: Uint8Array;
}

/** The bytes of an image file, unchanged. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The version (see `ImageRef`) that belongs to exactly these bytes; null when the source has none. */
  readonly version: string | null;
}

/** Decoded 8-bit RGB pixels, row by row. `data` has `width × height × 3` bytes and shares its buffer with nothing else. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Size of the original in pixels, after its EXIF orientation is applied. */
  readonly original: { readonly width: number; readonly height: number };
}

/** The type of a tensor's numbers. */
export type TensorType = "uint8" | "float16" | "float32";
/** The order of a tensor's axes: batch (N), height (H), width (W) and colour channel (C). */
export type TensorLayout = "NHWC" | "NCHW";

/** The shape of one image's tensor, with three channels in RGB order. In a batch, the tensors of the images follow each other. */
export interface TensorSpec {
  readonly dtype: TensorType;
  readonly layout: TensorLayout;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** One image as the model takes it: the little-endian bytes that a `TensorSpec` describes. */
export interface Tensor {
  readonly data: Uint8Array;
}

/** Memory for a batch of tensors. `Embedder.lease` provides it, and `Embedder.embed` consumes it. */
export interface Slab {
  readonly rows: number;
  /** Bytes of one row; row i starts at `i * rowBytes`. */
  readonly rowBytes: number;
  /** Exactly `rows * rowBytes` bytes. */
  readonly bytes: Uint8Array;
  /** Returns the memory without using it. Harmless after `embed`. */
  release(): void;
}

/** The embeddings of a batch: row i is `values.subarray(i * dimension, (i + 1) * dimension)`. */
export interface Vectors {
  readonly dimension: number;
  readonly values: Float32Array;
}

/** Columns of a row besides its key and vector. Stages fill them in, and they are complete when the row is stored. */
export interface ImageFacts {
  readonly source: string;
  readonly root: string;
  readonly version: string;
  /** SHA-256 of the encoded bytes in hex; empty until the image is read. */
  readonly content: string;
  readonly metadata: Metadata;
  readonly metadataHash: string;
  /** Width of the original in pixels, after its EXIF orientation is applied; 0 until the image is decoded. */
  readonly width: number;
  /** Height of the original in pixels, likewise. */
  readonly height: number;
  /** The manifest line that names the image, as `file:line`. For messages; it is not stored. */
  readonly line?: string;
}

/** The value of an item when it reaches the sink: one embedding. */
export interface Row {
  /** `dimension` numbers. */
  readonly vector: Float32Array;
  /** Milliseconds since the epoch, UTC. Set for a row that is copied from another collection. Default: the time of the write. */
  readonly ingestedAt?: number;
}

/** Rows for a store, as columns of equal length. */
export interface RowBatch {
  readonly ids: readonly Key[];
  /** `ids.length × dimension` numbers. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly facts: readonly ImageFacts[];
  /** Milliseconds since the epoch, UTC: one time for all rows, or one per row. */
  readonly ingestedAt: number | readonly number[];
}

/** A row as a store returns it. */
export interface StoredRow {
  readonly id: Key;
  /** null when the call omits vectors. */
  readonly vector: Float32Array | null;
  readonly facts: ImageFacts;
  /** Milliseconds since the epoch, UTC. */
  readonly ingestedAt: number;
}
