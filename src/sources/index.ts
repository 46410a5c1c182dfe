/** From what a person names to images with keys: listings, lists, tables, archives, copies of remote files, and what failed. */
export type { ColumnChoice, LeftOutColumn } from "./columns.js";
export { containerKind, isContainer, isRemoteContainer } from "./container-kinds.js";
export { type ContainerPart, containedInputs } from "./containers/containers.js";
export { expectCopies, type RunUses } from "./downloads/copy-uses.js";
export { type OpenCopy, RemoteCopies, type RemoteCopiesOptions } from "./downloads/remote-copies.js";
export { type DeadLetter, deadLetterOf, parseDeadLetter } from "./failures/dead-letter.js";
export { readDeadLetters } from "./failures/dead-letter-file.js";
export { type DeadLetterPage, DeadLetterPages, type PageRequest } from "./failures/dead-letter-pages.js";
export { DeadLetters } from "./failures/dead-letters.js";
export { entryName, idName, sourceName } from "./failures/entry-name.js";
export { FailureFile } from "./failures/failure-file.js";
export { type FileLetter, isFileLetter, relistedInputs } from "./failures/relisted-files.js";
export { isRepeatable, lettersToTry, listedInput, type RetrySelection, retryInput } from "./failures/retry-inputs.js";
export {
  checkInputs,
  type DescribedInput,
  type FileRefs,
  type ImageInput,
  type InputColumns,
  type Inputs,
  ingestInput,
  ingestInputs,
  sentRef,
} from "./inputs.js";
export { bucketInputs } from "./listing/buckets.js";
export { type ExpectedImages, expectedImages, expectedInputs } from "./listing/expected-images.js";
export { refuseDuplicates } from "./listing/first-seen.js";
export {
  countInputs,
  type InputStream,
  type ListedImage,
  type ListingRequest,
  listImages,
  listInputs,
  listManifest,
} from "./listing/listings.js";
export { manifestSource } from "./listing/manifest-sources.js";
export { type FoundManifest, hasPathList, type PathSources, pathsOf, textOf } from "./listing/path-lists.js";
export { SourceFiles } from "./listing/source-files.js";
export { pathOfSource } from "./listing/source-paths.js";
export { allUrlsOf, urlCount } from "./listing/url-ranges.js";
export { type WatchedFolderOptions, watchedInputs } from "./listing/watched-folder.js";
export {
  changeTimeMs,
  type KeyRange,
  lookAtFile,
  makeFileRefs,
  makeListing,
  makeObjectLooks,
  type ObjectLooks,
  openTable,
  type PathRange,
  splitBucket,
  splitFiles,
} from "./listing-adapters.js";
export { ListingTally } from "./listing-tally.js";
export { storedInput } from "./stored-input.js";
