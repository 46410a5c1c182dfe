/** Lists and reads image files. */

export { fileRef } from "./file-ref.js";
export { countFiles, type FileListingOptions, type FilePart, listFiles, splitFiles } from "./listing.js";
export { changeTimeMs, type FileLook, type ListedFolder, lookAtFile } from "./look.js";
export type { PathRange } from "./path-range.js";
export { type FileReaderOptions, fileReader } from "./reader.js";
export { type FolderWatch, type FolderWatchOptions, watchFolder } from "./watch.js";
