/** The messages between the main thread and the decode workers. */
import type { Geometry, ImageRef, Metadata, Pixels } from "../../contracts/index.js";
import type { Settings } from "../configuration/settings.js";

/** What a worker needs to make its reader and its decoder. */
export type DecodeSettings = Pick<Settings, "preprocess" | "metadata">;

/** The schemes of images that a worker can read. Others need connections or memory that all images share. */
export const workerSchemes: ReadonlySet<string> = new Set(["file", "tar", "zip"]);

/** The fields of an `ImageRef` that these readers need. */
export type FileRef = Pick<ImageRef, "uri" | "location" | "scheme" | "root" | "version" | "sizeBytes">;

export type DecodeRequest =
  | { readonly kind: "read"; readonly ref: FileRef; readonly maxBytes: number }
  | ({ readonly kind: "read-and-decode"; readonly ref: FileRef; readonly maxBytes: number } & DecodeOrder)
  /** The buffer of the call contains the encoded image. */
  | ({ readonly kind: "decode"; readonly byteLength: number } & DecodeOrder);

export interface DecodeOrder {
  readonly target: Geometry;
  /** The memory that the decoder may use. */
  readonly maxPeakBytes: number;
  /** A buffer of earlier pixels. The worker uses the buffer again if it has the right size. */
  readonly spare: ArrayBuffer | null;
}

export interface DecodedPixels extends Omit<Pixels, "release"> {
  readonly data: Uint8Array<ArrayBuffer>;
}

export type DecodeAnswer =
  | {
      readonly kind: "read";
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly version: string | null;
      readonly content: string;
      readonly pictureMetadata?: Metadata;
    }
  | ({ readonly kind: "decoded" } & DecodedPixels)
  /** If decoding needs more than `maxPeakBytes`, the answer to "read-and-decode" is that to "read". */
  | ({ readonly kind: "read-and-decoded"; readonly version: string | null; readonly content: string } & DecodedPixels)
  /** The image was not decoded, because decoding needs more than `maxPeakBytes`. `encoded` is the buffer of the call. */
  | { readonly kind: "too-heavy"; readonly peakBytes: number; readonly encoded: ArrayBuffer };
