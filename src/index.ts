/** Headrace turns images into searchable vectors: nothing is lost, and nothing is stored twice. */

// For users.
export {
  type CollectionAddress,
  type CompactOptions,
  type ConfigSources,
  type CopyRequest,
  type CreateCollectionOptions,
  type DescribedInput,
  type Diagnosis,
  type Embedded,
  type EmbedOptions,
  type ExportRequest,
  exportTritonModel,
  type Health,
  ImageEmbeddingPipeline,
  type ImageInput,
  type ImportRequest,
  type InputColumns,
  type Inputs,
  type InsertFailure,
  type Insertion,
  type InsertOptions,
  type InsertStats,
  type ListedImage,
  type ListingRequest,
  listImages,
  type MovePreview,
  type MoveReport,
  type MoveRun,
  type OpenOptions,
  type Preprocessed,
  type SearchOptions,
  type SearchQuery,
  ServiceConfig,
  type Settings,
  type TritonExportOptions,
} from "./app/index.js";
export {
  type CollectionStats,
  type ErrorCode,
  errorCodes,
  HeadraceError,
  type Hit,
  type Key,
  type Metadata,
  type Observer,
  type RunEvent,
  type RunReport,
} from "./contracts/index.js";

// For programs that build their own pipelines.
export { from, type Pipeline, run } from "./engine/index.js";
