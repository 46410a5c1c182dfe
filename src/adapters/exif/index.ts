/** The metadata that the file of a picture contains: EXIF, XMP and IPTC. */
export { exifDescriber } from "./file-describer.js";
