/** Readers that can also decode: an image is then read and decoded in one step, and its bytes are not kept in between. */
import type { Encoded, Geometry, ImageRef, Pixels, Reader } from "../contracts/index.js";

/** An image that was read and decoded in one step. `version` and `content` are those of `Encoded`. */
export interface DecodedFile {
  readonly pixels: Pixels;
  readonly version: Encoded["version"];
  readonly content: string;
}

/** Throws the errors of `Reader.read` and of `ImageDecoder.decode`. */
export type ReadAndDecode = (
  ref: ImageRef,
  options: { readonly maxBytes: number; readonly target: Geometry },
  signal: AbortSignal,
) => Promise<DecodedFile>;

export interface DecodingReader extends Reader {
  /** Null as long as the reader can only read. */
  readonly readAndDecode: ReadAndDecode | null;
}

/** An image that the read stage has left to the decode stage. */
export interface Unread {
  readonly readAndDecode: (target: Geometry, signal: AbortSignal) => Promise<DecodedFile>;
}
