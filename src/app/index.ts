/** The library: opens a pipeline from settings. */
export type { LabelChoice } from "../chain/index.js";
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
export type { Health, PartHealth } from "./check-health.js";
export type { Classification, ClassifyPreview, ClassifyReport, ClassifyRequest, ClassifyRun, LabelCounts } from "./classify-rows.js";
export { addressForms, type CollectionAddress, parseAddress } from "./collections/addresses.js";
export type { Aliases } from "./collections/aliases.js";
export { configurationJsonSchema, configurationOutline, configurationTemplate } from "./configuration/configuration-file.js";
export { type FileFormat, fileFormats, storeKind } from "./configuration/kinds.js";
export { type ConfigSources, ServiceConfig } from "./configuration/service-config.js";
export type { Settings } from "./configuration/settings.js";
export type { CreateCollectionOptions } from "./create-collection.js";
export type { DeadLetter } from "./dead-letters/dead-letter.js";
export { readDeadLetters } from "./dead-letters/dead-letter-file.js";
export { FailureFile } from "./dead-letters/failure-file.js";
export type { DeleteOptions } from "./deletions/delete-options.js";
export type { DeletedFile } from "./deletions/deleted-files.js";
export type { Diagnosis } from "./diagnose.js";
export { createVectorFile, type Embedded, type EmbedOptions, type EmbedRequest } from "./embed-images.js";
export { exportTritonModel, type TritonExportOptions } from "./export-triton-model.js";
export type { FilterType, TypeMismatch } from "./filter-findings.js";
export type { DuplicatesRequest } from "./find-duplicates.js";
export { type DistributeRequest, type DistributionCounts, defaultShardItems } from "./fleet/distribute.js";
export type { Fleet } from "./fleet/fleet.js";
export { type FleetDocument, fleetDocument } from "./fleet/fleet-document.js";
export type { ListedSources } from "./fleet/named-inputs.js";
export { type OpenQueue, openQueue, type QueueAddress } from "./fleet/open-queue.js";
export type { FleetRetry, FleetRetryRequest } from "./fleet/retry-shards.js";
export type { ShardListing } from "./fleet/shard-content.js";
export type { WorkRequest } from "./fleet/work.js";
export type { IngestRun, InsertStats, RunRequest } from "./ingest-images.js";
export { expectedImages } from "./inputs/expected-images.js";
export type { DescribedInput, ImageInput, InputColumns, Inputs } from "./inputs/inputs.js";
export { ListingTally } from "./inputs/listing-tally.js";
export { countInputs, type InputStream, type ListedImage, type ListingRequest, listImages, listInputs } from "./inputs/listings.js";
export { pathOfSource } from "./inputs/source-paths.js";
export { parseVector } from "./inputs/vector-file.js";
export { WatchPatience, type WatchPatienceOptions } from "./inputs/watch-patience.js";
export { type WatchedFolderOptions, watchedInputs } from "./inputs/watched-folder.js";
export type { InsertFailure, Insertion, InsertOptions } from "./insert-images.js";
export type { Preprocessed } from "./inspect-image.js";
export {
  type InspectedImages,
  type InspectedModel,
  type InspectedServer,
  type InspectedTexts,
  inspectModel,
} from "./inspect-model.js";
export { keysOf } from "./keys.js";
export type { BuildIndexesOptions, CompactOptions } from "./maintain-collection.js";
export { modelLabels } from "./model-labels.js";
export type { CopyRequest, ExportRequest, ImportRequest, MovePreview } from "./move-rows.js";
export type { MoveReport, MoveRun } from "./move-run.js";
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
export type { Restoration, RestorePreview, RestoreRequest, RestoreRun } from "./restore-rows.js";
export type { RetryPreview, RetryRequest, RetryRun, RetryStats } from "./retry-failures.js";
export type { MixedTerm, SearchOptions, SearchQuery, SingleQuery } from "./search-images.js";
export type { SyncPreview, SyncRequest, SyncRun, SyncStats } from "./sync-source.js";
export { type CompareOptions, compareSchedules, type ScheduleComparison, type ScheduleResult } from "./trials/compare-schedules.js";
export { type PlanOptions, planRun, type RunPlan } from "./trials/plan.js";
export type { Moment, Trial, TrialStage } from "./trials/trial.js";
export { type TuneOptions, type TuneStep, type Tuning, tune } from "./trials/tune.js";
export type { Difference, Verification, VerifyRequest } from "./verify-source.js";
