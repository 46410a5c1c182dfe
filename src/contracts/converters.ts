/** The interfaces for what the decoder does not read: other image formats, and the metadata in files. */
import type { Metadata } from "./payloads.js";

/** A picture that an `ImageConverter` has decoded. */
export interface ConvertedImage {
  /** A PNG of the upright picture, with its colour profile. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** True if the PNG shows only what could be decoded. */
  readonly damaged: boolean;
}

/** Decodes images of a format that the decoder cannot read. The decoder then treats the resulting PNG like any other image. */
export interface ImageConverter {
  readonly name: string;
  /** The most memory that a conversion uses, in bytes per pixel. */
  readonly bytesPerPixel: number;
  /**
   * Returns the size from the header, without decoding the picture. The sides may be exchanged if the picture is stored on its side. Throws
   * `image_corrupt` or `image_unsupported`.
   */
  measure(bytes: Uint8Array): Promise<{ readonly width: number; readonly height: number }>;
  /** `damaged`: whether an incomplete picture may be returned. Throws the same errors as `measure`. */
  convert(bytes: Uint8Array, damaged: "refuse" | "keep"): Promise<ConvertedImage>;
}

/** Reads the metadata that the file of an image contains. */
export interface FileDescriber {
  /** Never throws: what cannot be read, or cannot be true, is left out. Looks at headers only, because it is called for each image. */
  describe(file: Uint8Array): Metadata;
}
