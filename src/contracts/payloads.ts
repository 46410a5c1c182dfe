/** The data of an image in each step of the pipeline: ImageRef → Encoded → Pixels → Tensor → Vectors → Row. */
import type { HeadraceError } from "./errors.js";

/** The key of a row: text, or a bigint when the ids of the collection are whole numbers. JSON output shows a bigint as text. */
export type Key = string | bigint;

/** A metadata value: text, a float64 number or a boolean. */
export type MetadataValue = string | number | boolean;

/** Metadata of one image: values by name. null means "no value". Names match `[a-z_][a-z0-9_]{0,62}`. */
export type Metadata = Readonly<Record<string, MetadataValue | null>>;

/** The outcome of an image that the listing names but cannot provide. */
export type Refusal = { readonly kind: "fail"; readonly error: HeadraceError } | { readonly kind: "skip"; readonly reason: string };

/** One image that a `Listing` has found. The bytes of the image are not yet read. */
export interface ImageRef {
  /** The canonical URI of the image. It is stored in the `source` column. By default, the key of the row is a hash of this URI. */
  readonly uri: string;
  /** The absolute path or the URL that the reader opens. */
  readonly location: string;
  /** The URI scheme, such as `file`, `https` or `data`. The scheme decides which reader reads the image. */
  readonly scheme: string;
  /**
   * The input that contained the image: a folder, a glob, a manifest, or the image itself. It is stored in the `root` column, so that
   * filters can use it.
   */
  readonly root: string;
  /**
   * A text that changes whenever the image changes. The listing knows this text without reading the image. null: only the bytes of the
   * image show whether the image has changed.
   */
  readonly version: string | null;
  /** Size of the encoded image in bytes. null: the listing does not know the size. */
  readonly sizeBytes: number | null;
  /** New metadata for the row. An empty object removes the stored metadata. null: the listing has no metadata; stored metadata is kept. */
  readonly metadata: Metadata | null;
  /** The manifest line that names the image, as `file:line`. */
  readonly line?: string;
  /** Set when the listing cannot provide the image, for example for an invalid manifest line. The item ends with this outcome. */
  readonly refused?: Refusal;
  /** Set beside `refused` for a table, a list or an archive that could not be read. It names an unknown number of images. */
  readonly unlisted?: UnlistedFile;
  /** The encoded image, if the caller passed bytes instead of a path or URL. These bytes must not be changed. */
  readonly data?: Uint8Array;
}

/** How to list a table, a list or an archive that could not be read. */
export interface UnlistedFile {
  /** Whether a line that cannot be used counts as failed or as skipped. */
  readonly badLines: "fail" | "skip";
  /** The names of columns that were chosen. Default: chosen by their names. */
  readonly columns: { readonly image?: string; readonly id?: string; readonly metadata?: readonly string[] };
  /** Set for a file that was listed up to a place from which on it cannot be read. */
  readonly isCut?: true;
}

/** An image that is looked up in the collection, and not yet read. */
export interface LookedUpRef extends ImageRef {
  /**
   * The version in the stored row. Set if the listing does not know the version of the image, and nothing else has changed. The image need not
   * be read if its source still has this version.
   */
  readonly storedVersion?: string;
}

/** The bytes of an image file, as they were read. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The version (see `ImageRef.version`) of exactly these bytes. null: the source has no versions. */
  readonly version: string | null;
  /** SHA-256 of the bytes in hex. Absent: the reader has not computed it. */
  readonly content?: string;
  /** Metadata that the file contains, such as EXIF. Absent: nobody has looked for it. */
  readonly pictureMetadata?: Metadata;
}

/** Decoded 8-bit RGB pixels, row by row. `data` has `width × height × 3` bytes. No other data is in the buffer of `data`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** Size of the original image in pixels, after the EXIF orientation is applied. */
  readonly original: { readonly width: number; readonly height: number };
  /** True if the image is damaged, and the pixels show only what could be decoded. Default false. */
  readonly damaged?: boolean;
  /** Metadata that the file contains, such as EXIF. Absent: the decoder has not looked for it, and Headrace reads it from the file. */
  readonly pictureMetadata?: Metadata;
  /**
   * Gives the memory of `data` back to the decoder, which uses it again. `data` cannot be used afterwards. If `release` is absent or not
   * called, garbage collection frees the memory.
   */
  release?(): void;
}

/** The type of a tensor's numbers. */
export type TensorType = "uint8" | "float16" | "float32";
/** The order of a tensor's axes: batch (N), height (H), width (W) and colour channel (C). */
export type TensorLayout = "NHWC" | "NCHW";

/** The shape of one image's tensor, with three channels in RGB order. A batch is the tensors of its images, one after the other. */
export interface TensorSpec {
  readonly dtype: TensorType;
  readonly layout: TensorLayout;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** One image in the form that the model expects: little-endian numbers with the type and shape of the model's `TensorSpec`. */
export interface Tensor {
  readonly data: Uint8Array;
  /** See `Pixels.release`. */
  release?(): void;
}

/** Memory for a batch of tensors. `Embedder.lease` returns a slab. A slab cannot be used again after `Embedder.embed`. */
export interface Slab {
  readonly rows: number;
  /** Size of one row in bytes. Row i starts at byte `i * rowBytes`. */
  readonly rowBytes: number;
  /** The memory of the slab: exactly `rows * rowBytes` bytes. */
  readonly bytes: Uint8Array;
  /** Gives the memory back to the embedder if `embed` is not called. Does nothing after `embed`. */
  release(): void;
}

/** The embeddings of a batch. The embedding of image i is `values.subarray(i * dimension, (i + 1) * dimension)`. */
export interface Vectors {
  readonly dimension: number;
  readonly values: Float32Array;
}

/** The columns of a row except its key and vector. The stages of a run fill in the columns one after the other. */
export interface ImageFacts {
  readonly source: string;
  readonly root: string;
  readonly version: string;
  /** SHA-256 of the encoded image in hex. Empty until the image is read. */
  readonly content: string;
  readonly metadata: Metadata;
  readonly metadataHash: string;
  /** Width of the original image in pixels, after the EXIF orientation is applied. 0 until the image is decoded. */
  readonly width: number;
  /** Height of the original image in pixels, after the EXIF orientation is applied. 0 until the image is decoded. */
  readonly height: number;
  /** The manifest line that names the image, as `file:line`. It is used in messages and not stored. */
  readonly line?: string;
  /** The ref that the image came from. It is used to read the image again after a failure, and not stored. Absent for images given as bytes. */
  readonly listed?: ImageRef;
  /** When the image was ingested first. Set for a row that stands for a row of another collection, and not stored here. */
  readonly firstIngestedAt?: number;
  /** Whether the collection had a row with the key of the image when the run looked the key up. It is used in reports and not stored. */
  readonly before?: "absent" | "stored";
}

/** What a sink receives for one image: the embedding. */
export interface Row {
  /** The embedding. It has as many numbers as the dimension of the collection. */
  readonly vector: Float32Array;
  /**
   * When the image was ingested, in milliseconds since the epoch (UTC). Set only for a row that is copied from another collection.
   * Default: the time of the write.
   */
  readonly ingestedAt?: number;
}

/** Rows to write to a store, in columnar form. All columns have the same length. */
export interface RowBatch {
  readonly ids: readonly Key[];
  /** The vectors of all rows, one after the other: `ids.length × dimension` numbers. */
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly facts: readonly ImageFacts[];
  /** When the images were ingested, in milliseconds since the epoch (UTC): one time for all rows, or a list with one time per row. */
  readonly ingestedAt: number | readonly number[];
}

/** A row that was read from a store. */
export interface StoredRow {
  readonly id: Key;
  /** null if the call was made with `vectors: "omit"`. */
  readonly vector: Float32Array | null;
  readonly facts: ImageFacts;
  /** When the image was ingested, in milliseconds since the epoch (UTC). */
  readonly ingestedAt: number;
}
