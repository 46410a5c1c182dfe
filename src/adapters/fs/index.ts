/** Images in files. */

export { fileRef } from "./file-ref.js";
export { type FileListingOptions, imageExtensions, listFiles } from "./listing.js";
export { fileReader } from "./reader.js";
