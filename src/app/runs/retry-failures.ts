/** Tries images again that failed in earlier runs. */

import { existsSync } from "node:fs";
import {
  type Collection,
  type ErrorCode,
  errorCodes,
  HeadraceError,
  type IngestInput,
  type Observer,
  type Outcome,
} from "../../contracts/index.js";
import {
  type FileLetter,
  isFileLetter,
  type ListingRequest,
  lettersToTry,
  makeFileRefs,
  type RetrySelection,
  relistedInputs,
  retryInput,
} from "../../sources/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import { nameOf, withCollection, withCollectionIfExists } from "../collections/named-collection.js";
import { deadLetterPath } from "../configuration/dead-letter-path.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type IngestRun, type InsertStats, startIngest } from "./ingest-images.js";

/** Which failures to try again. */
export interface RetryRequest {
  /** Name of the collection. Default: `milvus.collection_name`, otherwise "images". */
  readonly collectionName?: string;
  /** "refuse": throws `collection_not_found` if the collection does not exist. Default "create". */
  readonly missingCollection?: "create" | "refuse";
  /** Only images that failed with one of these codes. Default: all. */
  readonly codes?: readonly ErrorCode[];
  /** Maximum number of images, counted from the first. Default: all. */
  readonly limit?: number;
  /** Another dead-letter file, which stays as it is. Default: that of the collection. */
  readonly deadLetterFile?: string;
  /** Called for each image, and each table, list or archive before it is read again. Returns the ref, or refuses it. Default: all are admitted. */
  readonly admit?: ListingRequest["admit"];
  /** Hard stop: the run ends as "aborted". */
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  readonly onOutcome?: (outcome: Outcome) => void;
}

const optionNames = {
  collectionName: true,
  missingCollection: true,
  codes: true,
  limit: true,
  deadLetterFile: true,
  admit: true,
  signal: true,
  observer: true,
  onOutcome: true,
} as const satisfies Record<keyof RetryRequest, true>;

/** What a retry would do. */
export interface RetryPreview {
  /** Number of images that would be tried. A file of `wouldList` counts as one, however many images it names. */
  readonly wouldTry: number;
  /** Number of tables, lists and archives that would be read again. */
  readonly wouldList: number;
  /** The same by error code. */
  readonly codes: Readonly<Record<string, number>>;
  readonly notTried: number;
}

/** The report of a retry. */
export interface RetryStats extends InsertStats {
  /** Number of images that were tried: `tried = stored + skipped + failed + abandoned`. Images that were stored meanwhile are skipped. */
  readonly tried: number;
  /**
   * Number of entries that only a new insertion can try: images that were given as bytes, invalid manifest lines, ids of two images, and
   * URL schemes without a reader.
   */
  readonly notTried: number;
}

/** A retry in progress. */
export interface RetryRun extends Omit<IngestRun, "done"> {
  readonly done: Promise<RetryStats>;
}

export async function startRetry(parts: PipelineParts, request: RetryRequest): Promise<RetryRun> {
  const collectionName = await nameOf(parts, request.collectionName ?? defaultCollection(parts.settings));
  const selection = await selectionOf(parts, request, collectionName);
  const fileRefs = await makeFileRefs();
  let notTried = 0;
  const { copies } = parts.listingSettings;
  const run = await startIngest(parts, {
    async *inputs(stop, onListed, idType) {
      const files: FileLetter[] = [];
      for await (const letter of lettersToTry(selection)) {
        if (stop.aborted) return;
        if (letter === null) notTried += 1;
        else if (isFileLetter(letter)) files.push(letter);
        else yield await admitted(await retryInput(letter, fileRefs), request.admit);
      }
      yield* relistedInputs(
        files,
        {
          copies,
          fileRefs,
          ...(request.admit === undefined ? {} : { admit: request.admit }),
          ...(onListed === undefined ? {} : { onListed }),
          ...(idType === undefined ? {} : { idType }),
        },
        stop,
      );
    },
    collectionName,
    ...(request.missingCollection === undefined ? {} : { missingCollection: request.missingCollection }),
    schedule: "overlapped",
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.observer === undefined ? {} : { observer: request.observer }),
    ...(request.onOutcome === undefined ? {} : { onOutcome: request.onOutcome }),
  });
  return { ...run, done: run.done.then((stats) => ({ ...stats, tried: stats.read, notTried })) };
}

async function admitted(input: IngestInput, admit: RetryRequest["admit"]): Promise<IngestInput> {
  return admit === undefined ? input : { ...input, ref: await admit(input.ref) };
}

export async function previewOfRetry(parts: PipelineParts, request: RetryRequest): Promise<RetryPreview> {
  const name = await nameOf(parts, request.collectionName ?? defaultCollection(parts.settings));
  const selection = await selectionOf(parts, request, name);
  const codes: Record<string, number> = {};
  let [wouldTry, wouldList, notTried] = [0, 0, 0];
  for await (const letter of lettersToTry(selection)) {
    if (letter === null) notTried += 1;
    else {
      wouldTry += 1;
      if (isFileLetter(letter)) wouldList += 1;
      codes[letter.code] = (codes[letter.code] ?? 0) + 1;
    }
  }
  return { wouldTry, wouldList, codes, notTried };
}

/** Throws `collection_not_found` if there is neither a collection nor a dead-letter file with this name. */
async function selectionOf(parts: PipelineParts, request: RetryRequest, name: string): Promise<RetrySelection> {
  refuseUnknownOptions("retryFailures", request, optionNames);
  const unknown = request.codes?.find((code) => !(code in errorCodes));
  if (unknown !== undefined) {
    throw new HeadraceError("usage_invalid", `codes: expected error codes, found ${JSON.stringify(unknown)}`, {
      hint: "docs/reference/errors.md lists all codes.",
    });
  }
  const { codes, limit = Number.POSITIVE_INFINITY } = request;
  const path = request.deadLetterFile ?? deadLetterPath(parts.settings, name);
  const idTypeOf = (collection: Collection | null) => Promise.resolve(collection?.idType ?? "text");
  const idType = await (existsSync(path) ? withCollectionIfExists(parts, name, idTypeOf) : withCollection(parts, name, "read", idTypeOf));
  return {
    path,
    idType,
    codes: codes === undefined ? null : new Set(codes),
    limit,
    readers: await parts.readers(request.signal ?? new AbortController().signal),
  };
}
