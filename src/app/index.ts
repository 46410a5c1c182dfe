/** The library: opens a pipeline from settings. */
export { shippedModels } from "../adapters/onnx/options.js";
export type { LabelChoice } from "../chain/index.js";
export {
  defaultShardItems,
  type FleetRetry,
  type FleetRetryRequest,
  type ListedSources,
  type OpenQueue,
  openQueue,
  type QueueAddress,
  type ShardListing,
} from "../fleet/index.js";
export { type Advice, type Limit, type ServerLoad, tooShortToSay } from "../insight/index.js";
export { type PresetName, presetNames } from "../kit/index.js";
export {
  type DuplicateGroup,
  type DuplicateRow,
  type KeptCounts,
  type KeptReason,
  keptReasons,
  type Preview,
} from "../operations/index.js";
export {
  countInputs,
  type DeadLetter,
  type DeadLetterPage,
  DeadLetterPages,
  type DescribedInput,
  expectedImages,
  FailureFile,
  type ImageInput,
  type InputColumns,
  type InputStream,
  type Inputs,
  type ListedImage,
  type ListingRequest,
  ListingTally,
  listImages,
  listInputs,
  type PageRequest,
  pathOfSource,
  readDeadLetters,
  sentRef,
  urlCount,
  type WatchedFolderOptions,
  watchedInputs,
} from "../sources/index.js";
export type { Health, PartHealth } from "./calls/check-health.js";
export type { CreateCollectionOptions } from "./calls/create-collection.js";
export type { Diagnosis } from "./calls/diagnose.js";
export { exportTritonModel, type TritonExportOptions } from "./calls/export-triton-model.js";
export type { FilterType, TypeMismatch } from "./calls/filter-findings.js";
export type { DuplicatesRequest } from "./calls/find-duplicates.js";
export { listPulledModels, type PullModelOptions, pullModel } from "./calls/hub-models.js";
export type { Preprocessed, ThumbnailOptions } from "./calls/inspect-image.js";
export {
  type InspectedImages,
  type InspectedModel,
  type InspectedServer,
  type InspectedTexts,
  inspectModel,
} from "./calls/inspect-model.js";
export type { BuildIndexesOptions, CompactOptions } from "./calls/maintain-collection.js";
export { modelLabels } from "./calls/model-labels.js";
export type { RowPage, RowPageRequest, RowsOptions } from "./calls/read-rows.js";
export type { MixedTerm, SearchOptions, SearchQuery, SingleQuery } from "./calls/search-images.js";
export type { UpdateOptions } from "./calls/update-metadata.js";
export { parseVector } from "./calls/vector-file.js";
export { addressForms, type CollectionAddress, parseAddress } from "./collections/addresses.js";
export type { Aliases } from "./collections/aliases.js";
export { configurationJsonSchema, configurationOutline, configurationTemplate } from "./configuration/configuration-file.js";
export { type FileFormat, fileFormats, storeKind } from "./configuration/kinds.js";
export { type ConfigSources, ServiceConfig } from "./configuration/service-config.js";
export type { Settings } from "./configuration/settings.js";
export type { DeleteOptions } from "./deletions/delete-options.js";
export type { DeletedFile } from "./deletions/deleted-files.js";
export type { ExportRequest } from "./exports/export-collection.js";
export type { Fleet } from "./fleet.js";
export { type FleetDocument, fleetDocument } from "./fleet-document.js";
export { keysOf } from "./keys.js";
export type { OpenOptions } from "./open-options.js";
export { ImageEmbeddingPipeline } from "./pipeline.js";
export type { CarryOverRequest, CarryOverRun } from "./reembedding/carry-over.js";
export type { GateReport } from "./reembedding/gate.js";
export type { ReembedPreview } from "./reembedding/preview.js";
export type { Finish, FinishOptions, Reembedding, Rollback } from "./reembedding/reembedding.js";
export type { ReembedRequest, ReembedRun, ReembedStats } from "./reembedding/request.js";
export {
  type IngestDocument,
  ingestDocument,
  type MoveDocument,
  moveDocument,
  type ReportContext,
  type ReportedFailure,
  type RetryDocument,
  reportedFailure,
  retryDocument,
} from "./reports.js";
export type { Classification, ClassifyPreview, ClassifyReport, ClassifyRequest, ClassifyRun, LabelCounts } from "./runs/classify-rows.js";
export type { DistributeRequest, DistributionCounts } from "./runs/distribute.js";
export { createVectorFile, type Embedded, type EmbedImageOptions, type EmbedOptions, type EmbedRequest } from "./runs/embed-images.js";
export type { IngestRun, InsertStats, RunRequest } from "./runs/ingest-images.js";
export type { InsertFailure, Insertion, InsertOptions } from "./runs/insert-images.js";
export type { InsertVectorsOptions, VectorInsertion, VectorRow } from "./runs/insert-vectors.js";
export type { CopyRequest, ImportRequest, MovePreview } from "./runs/move-rows.js";
export type { MoveReport, MoveRun } from "./runs/move-run.js";
export type { MetadataRefresh, RefreshMetadataPreview, RefreshMetadataRequest } from "./runs/refresh-metadata.js";
export type { Restoration, RestorePreview, RestoreRequest, RestoreRun } from "./runs/restore-rows.js";
export type { RetryPreview, RetryRequest, RetryRun, RetryStats } from "./runs/retry-failures.js";
export type { SyncPreview, SyncRequest, SyncRun, SyncStats } from "./runs/sync-source.js";
export { UrlBytes, type UrlLimits } from "./runs/url-bytes.js";
export type { Difference, Verification, VerifyRequest } from "./runs/verify-source.js";
export { WatchPatience, type WatchPatienceOptions } from "./runs/watch-patience.js";
export type { WorkRequest } from "./runs/work.js";
export { type CompareOptions, compareSchedules, type ScheduleComparison, type ScheduleResult } from "./trials/compare-schedules.js";
export { type PlanOptions, planRun, type RunPlan } from "./trials/plan.js";
export type { Moment, Trial, TrialStage } from "./trials/trial.js";
export { type TuneOptions, type TuneStep, type Tuning, tune } from "./trials/tune.js";
