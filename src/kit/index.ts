/** Helpers for authors of adapters. Only the names that this file exports are stable. */

export { aliasIsCollection, aliasNotFound, aliasTargetMissing, checkDrop, nameIsAlias, resolveAlias } from "./alias-rules.js";
export {
  halves,
  joinHalves,
  maxMemberTextBytes,
  memberError,
  memberMissing,
  memberName,
  memberNotFile,
  memberTooLarge,
  memberUnreadable,
  memberVersion,
} from "./archive-members.js";
export { type Backoff, backOffMs } from "./backoff.js";
export {
  bytesUri,
  type FileNaming,
  fileUri,
  fileUriAsWritten,
  isUrl,
  keyOf,
  pathOfFileUrl,
  urlRef,
  urlUri,
} from "./canonical.js";
export { chunksOf } from "./chunks.js";
export { type CollectionDescription, describeCollectionFile, parseCollectionDescription } from "./collection-files.js";
export { inTime, pauseUnlessAborted, startTimer, type Untimed, unlessAborted, withDeadline, within } from "./deadline.js";
export { type DeclaredOutput, embeddingNames, embeddingOutput, vectorLength } from "./embedding-output.js";
export { beginsWith, fileCut, fileError, fileInvalid } from "./file-errors.js";
export { changedMsOf, fileMark, fileVersion } from "./file-version.js";
export { fingerprint } from "./fingerprints.js";
export { float16ToFloat32, float32ToFloat16 } from "./float16.js";
export { type Hash, HashTable, hashOfDigits, hashOfText } from "./hash-table.js";
export { formatOf, imageExtensions } from "./image-formats.js";
export { resultFor } from "./item-result.js";
export { advance } from "./items.js";
export { itemsOnceMade, mapItems } from "./layers.js";
export { type Holder, isAboutToRelease, LockFile, type LockHolder } from "./lock-file.js";
export type { MemberScheme } from "./member-schemes.js";
export { isMemberUri, type MemberLocation, memberLocation, memberRef, memberRefOf, type SourceFile } from "./members.js";
export {
  builtInColumns,
  checkMetadata,
  damagedKey,
  givenMetadata,
  isMarkedDamaged,
  labelKey,
  labelScoreKey,
  type MetadataType,
  markDamage,
  metadataHash,
  metadataNameError,
  metadataNameLike,
  metadataTypeOf,
  plainName,
  withoutLabels,
} from "./metadata.js";
export { metadataBytes } from "./metadata-bytes.js";
export { metadataText, parseMetadataText } from "./metadata-text.js";
export { comparePassports, passportMismatch } from "./passports.js";
export { type PatienceOptions, whenAvailable } from "./patience.js";
export { encodePng, type PngPixels, pngChunk } from "./png.js";
export { imagenetNormalization, type Preset, type PresetName, presetNamed, presetNames } from "./presets.js";
export { isThisProcess, livenessOf, ownIdentity, type ProcessIdentity, startTicksOf } from "./process-identity.js";
export {
  type CopiedFile,
  isRemoteMemberUri,
  type RemoteFile,
  type RemoteMember,
  remoteMember,
  remoteMemberSchemes,
  withoutCredentials,
} from "./remote-members.js";
export { writeAbsent } from "./row-batches.js";
export { Semaphore } from "./semaphore.js";
export { SerialQueue } from "./serial-queue.js";
export { type LockOptions, withShortLock } from "./short-lock.js";
export { abortedError, checkAborted, listenForAbort } from "./signals.js";
export { plainSlab, SlabPool, takeBuffer } from "./slabs.js";
export { StagedFiles } from "./staged-files.js";
export {
  checkCollectionName,
  checkIndexColumn,
  checkKey,
  checkQuery,
  checkSchema,
  ingestedAtOf,
  isKeyOf,
  maxKeyBytes,
  nearEnough,
  planUpsert,
  scoreOf,
  type VectorType,
} from "./store-rules.js";
export { syncFolder } from "./synced-folder.js";
export { rowBytes, takePixels, tensorShape } from "./tensors.js";
export { isWellFormed } from "./text.js";
export { boundedLines, maxLineLength, textLines } from "./text-lines.js";
export { planTextModel, type TextPlan, type TokenTensor, textTensors } from "./text-models.js";
export { checkTextProbes, probeTexts } from "./text-probes.js";
export { unitRows } from "./unit-rows.js";
export { mebibyte } from "./units.js";
export { vectorProblem } from "./vector-problems.js";
export { WorkerPool } from "./worker-pool.js";
export { serveWorker, type WorkerAnswer, type WorkerService } from "./worker-service.js";
