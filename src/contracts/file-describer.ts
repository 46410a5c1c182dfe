import type { Metadata } from "./payloads.js";

/** Reads the metadata that the file of an image contains. */
export interface FileDescriber {
  /** Never throws: what cannot be read, or cannot be true, is left out. Looks at headers only, because it is called for each image. */
  describe(file: Uint8Array): Metadata;
}
