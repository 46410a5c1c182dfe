/** What the readers of containers return. */
import type { Bytes } from "./bytes.js";

/** Blocks of metadata. A block that a file does not have is absent. */
export interface Blocks {
  /** Data in the form of a TIFF file. */
  readonly exif?: Bytes;
  /** The text of an XMP packet, in UTF-8. */
  readonly xmp?: Bytes;
  /** IPTC data sets. */
  readonly iptc?: Bytes;
}
