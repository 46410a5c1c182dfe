/** The metadata that the file of a picture contains: EXIF, XMP and IPTC. */
export { pictureMetadata } from "./picture-metadata.js";
