/** What several rooms need. `kit-for-adapters.ts` exports the part that authors of adapters may use. */

export { type CollectionDescription, describeCollectionFile, parseCollectionDescription } from "./files/collection-files.js";
export { beginsWith, fileCut, fileError, fileInvalid } from "./files/file-errors.js";
export { changedMsOf, fileMark, fileVersion } from "./files/file-version.js";
export { type Holder, isAboutToRelease, LockFile, type LockHolder } from "./files/lock-file.js";
export { isThisProcess, livenessOf, ownIdentity, type ProcessIdentity, startTicksOf } from "./files/process-identity.js";
export { type LockOptions, withShortLock } from "./files/short-lock.js";
export { StagedFiles } from "./files/staged-files.js";
export { type StagedFolder, stageFolder } from "./files/staged-folder.js";
export { syncFolder } from "./files/synced-folder.js";
export { aliasIsCollection, aliasNotFound, aliasTargetMissing, checkDrop, nameIsAlias, resolveAlias } from "./names/alias-rules.js";
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
} from "./names/archive-members.js";
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
} from "./names/canonical.js";
export { formatOf, imageExtensions } from "./names/image-formats.js";
export type { MemberScheme } from "./names/member-schemes.js";
export { isMemberUri, type MemberLocation, memberLocation, memberRef, memberRefOf, type SourceFile } from "./names/members.js";
export { modelLayout } from "./names/model-layouts.js";
export {
  type CopiedFile,
  isRemoteMemberUri,
  type RemoteFile,
  type RemoteMember,
  remoteMember,
  remoteMemberSchemes,
  withoutCredentials,
} from "./names/remote-members.js";
export { currentRowsSink } from "./rows/current-rows.js";
export { fingerprint } from "./rows/fingerprints.js";
export { type Hash, HashTable, hashOfDigits, hashOfText } from "./rows/hash-table.js";
export { resultFor } from "./rows/item-result.js";
export { checkLabelSet, isKeyOfSet, type LabelSet, labelKey, labelScoreKey, scoreKey, withoutLabels } from "./rows/label-keys.js";
export {
  builtInColumns,
  checkMetadata,
  damagedKey,
  givenMetadata,
  isMarkedDamaged,
  type MetadataType,
  markDamage,
  metadataHash,
  metadataNameError,
  metadataNameLike,
  metadataTypeOf,
  plainName,
} from "./rows/metadata.js";
export { metadataBytes } from "./rows/metadata-bytes.js";
export { metadataText, parseMetadataText } from "./rows/metadata-text.js";
export { type SplitMetadata, splitMetadata, withPictureMetadata } from "./rows/picture-metadata.js";
export { writeAbsent } from "./rows/row-batches.js";
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
} from "./rows/store-rules.js";
export { isVectorVersion, vectorVersion } from "./rows/vector-version.js";
export { chunksOf } from "./streams/chunks.js";
export { advance } from "./streams/items.js";
export { itemsOnceMade, mapItems } from "./streams/layers.js";
export { type DeclaredOutput, embeddingNames, embeddingOutput, vectorLength } from "./tensors/embedding-output.js";
export { float16ToFloat32, float32ToFloat16 } from "./tensors/float16.js";
export { comparePassports, passportMismatch } from "./tensors/passports.js";
export { encodePng, type PngPixels, pngChunk } from "./tensors/png.js";
export { imagenetNormalization, type Preset, type PresetName, presetNamed, presetNames } from "./tensors/presets.js";
export { plainSlab, SlabPool, takeBuffer } from "./tensors/slabs.js";
export { rowBytes, takePixels, tensorShape } from "./tensors/tensors.js";
export { planTextModel, type TextPlan, type TokenTensor, textTensors } from "./tensors/text-models.js";
export { checkTextProbes, probeTexts } from "./tensors/text-probes.js";
export { unitRows } from "./tensors/unit-rows.js";
export { vectorProblem } from "./tensors/vector-problems.js";
export { isWellFormed } from "./text/text.js";
export { boundedLines, maxLineLength, textLines } from "./text/text-lines.js";
export { mebibyte } from "./text/units.js";
export { type Backoff, backOffMs } from "./waiting/backoff.js";
export { inTime, pauseUnlessAborted, startTimer, type Untimed, unlessAborted, withDeadline, within } from "./waiting/deadline.js";
export { type PatienceOptions, whenAvailable } from "./waiting/patience.js";
export { Semaphore } from "./waiting/semaphore.js";
export { SerialQueue } from "./waiting/serial-queue.js";
export { abortedError, checkAborted, listenForAbort } from "./waiting/signals.js";
export { WorkerPool } from "./workers/worker-pool.js";
export { serveWorker, type WorkerAnswer, type WorkerService } from "./workers/worker-service.js";
