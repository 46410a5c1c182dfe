import type { FileDescriber, Metadata } from "../../contracts/index.js";
import { pictureMetadata } from "./picture-metadata.js";

/** `extent`: "usual" is when, where and with what a picture was taken. "all" adds what photographers and their programs write. */
export function exifDescriber(extent: "usual" | "all"): FileDescriber {
  return new ExifDescriber(extent);
}

class ExifDescriber implements FileDescriber {
  constructor(readonly extent: "usual" | "all") {}

  describe(file: Uint8Array): Metadata {
    return pictureMetadata(file, this.extent);
  }
}
