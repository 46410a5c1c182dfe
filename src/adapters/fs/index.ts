/** Images in files. */
export { type FileListingOptions, imageExtensions, listFiles } from "./listing.js";
export { fileReader } from "./reader.js";
export { fileRef } from "./file-ref.js";
