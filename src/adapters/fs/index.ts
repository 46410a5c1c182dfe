/** Images in files. */
export { type FileListingOptions, imageExtensions, listFiles } from "./listing.js";
export { type FileReaderOptions, fileReader } from "./reader.js";
