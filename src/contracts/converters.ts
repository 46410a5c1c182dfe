/** The interface for image formats that the decoder cannot read. */

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
