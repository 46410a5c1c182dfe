/** The application: settings in, a pipeline out. */
export { tooShortToSay } from "../insight/index.js";
export { type PresetName, presetNames } from "../kit/index.js";
export type { Preview } from "../operations/index.js";
export { duration, ProgressLine } from "../telemetry/index.js";
export { type CollectionAddress, parseAddress } from "./addresses.js";
export { configurationJsonSchema, configurationOutline, configurationTemplate } from "./configuration-file.js";
export type { CreateCollectionOptions } from "./creation.js";
export type { Diagnosis } from "./diagnosis.js";
export type { Embedded, EmbedOptions, EmbedRequest } from "./embedding.js";
export type { Health, PartHealth } from "./health.js";
export type { DescribedInput, ImageInput, InputColumns, Inputs } from "./inputs.js";
export type { InsertFailure, Insertion, InsertOptions } from "./insertion.js";
export { type FileFormat, fileFormats } from "./kinds.js";
export { ListingTally } from "./listing-tally.js";
export { countInputs, type InputStream, type ListedImage, type ListingRequest, listImages, listInputs } from "./listings.js";
export type { CopyRequest, ExportRequest, ImportRequest, MovePreview, MoveReport, MoveRun } from "./moving.js";
export { NpyWriter } from "./npy.js";
export { type CompactOptions, ImageEmbeddingPipeline, type OpenOptions } from "./pipeline.js";
export type { Preprocessed } from "./preprocessed.js";
export {
  type IngestDocument,
  ingestDocument,
  type MoveDocument,
  moveDocument,
  type ReportedFailure,
  reportedFailure,
} from "./reports.js";
export type { IngestRun, InsertStats, RunRequest } from "./runs.js";
export type { SearchOptions, SearchQuery } from "./searching.js";
export { type ConfigSources, ServiceConfig } from "./service-config.js";
export type { Settings } from "./settings.js";
export { pathOfSource } from "./source-paths.js";
export { exportTritonModel, type TritonExportOptions } from "./triton-export.js";
