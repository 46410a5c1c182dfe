/** `insertImages` and `insertImagesAsync`: ingest images and return the ids, the failures and the report. */

import { HeadraceError, type Key, type Observer, type RunSnapshot } from "../../contracts/index.js";
import {
  checkInputs,
  expectedInputs,
  type InputColumns,
  type Inputs,
  ingestInputs,
  makeFileRefs,
  refuseDuplicates,
} from "../../sources/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import type { LaneOverrides } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type InsertStats, startIngest } from "./ingest-images.js";

/** The images to insert, and how. */
export interface InsertOptions extends InputColumns, LaneOverrides {
  /** The images: paths, bytes, `file:` and `data:` URLs, or `{ input, id, metadata }`. An iterable is read as a stream. */
  readonly inputs: Inputs;
  /**
   * Name of the collection. If the collection does not exist, its first row creates it, and the first id decides whether ids are text or
   * int64. Default: `milvus.collection_name`, otherwise "images".
   */
  readonly collectionName?: string;
  /** Hard stop: the call rejects with `aborted`. Rows that are already stored remain. */
  readonly signal?: AbortSignal;
  /** Called about twice per second during the run, and once at its end. */
  readonly onProgress?: (snapshot: RunSnapshot) => void;
  /** Receives every event of the run, for example when a server becomes unavailable. The observer must be fast and must not throw. */
  readonly observer?: Observer;
  /** Whether the result contains the ids. Use "omit" when the ids of all inputs would take too much memory. Default "include". */
  readonly collectIds?: "include" | "omit";
}

const optionNames = {
  inputs: true,
  ids: true,
  metadata: true,
  collectionName: true,
  signal: true,
  onProgress: true,
  observer: true,
  collectIds: true,
  preprocessWorkers: true,
  embeddingWorkers: true,
  insertBatchSize: true,
  queueMaxsize: true,
} as const satisfies Record<keyof InsertOptions, true>;

/** One input that failed. */
export interface InsertFailure {
  /** Position of the input, from 0. */
  readonly index: number;
  readonly source: string;
  readonly code: string;
  readonly message: string;
  /** What to do about the error. */
  readonly hint: string;
}

/** The result of an insertion. */
export interface Insertion {
  /** The ids of all inputs, in the order of the inputs, including failed inputs. Empty with `collectIds: "omit"`. */
  readonly ids: readonly Key[];
  /** The failed inputs, sorted by `index`. */
  readonly failures: readonly InsertFailure[];
  readonly stats: InsertStats;
}

const progressEveryMs = 500;

/**
 * Inserts images. Rejects with the error of the run if the run did not complete; rows that are already stored remain. Errors after the last
 * row are in `stats.upkeepError`.
 */
export async function insert(parts: PipelineParts, schedule: "overlapped" | "sequential", options: InsertOptions): Promise<Insertion> {
  refuseUnknownOptions(schedule === "overlapped" ? "insertImagesAsync" : "insertImages", options, optionNames);
  checkInputs(options.inputs, options);
  const ids: Key[] = [];
  const failures: InsertFailure[] = [];
  const keepIds = options.collectIds !== "omit";
  const fileRefs = await makeFileRefs();
  const run = await startIngest(parts, {
    inputs: (stop) => refuseDuplicates(ingestInputs(options.inputs, options, fileRefs, stop)),
    collectionName: options.collectionName ?? defaultCollection(parts.settings),
    schedule,
    expects: expectedInputs(options.inputs),
    overrides: options,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
    onOutcome: (outcome) => {
      if (keepIds) ids[outcome.seq] = outcome.id;
      if (outcome.kind !== "failed") return;
      const { code, message, hint } = outcome.error;
      failures.push({ index: outcome.seq, source: outcome.facts.source, code, message, hint });
    },
  });
  const { onProgress } = options;
  const timer = onProgress === undefined ? undefined : setInterval(() => onProgress(run.snapshot()), progressEveryMs);
  try {
    const stats = await run.done;
    onProgress?.(stats);
    if (stats.ended === "aborted" || (stats.upkeepError?.code === "aborted" && options.signal?.aborted === true)) {
      throw new HeadraceError("aborted", `the caller stopped the insertion after ${stats.stored} of ${stats.read} images were stored`, {
        cause: options.signal?.reason,
      });
    }
    if (stats.error !== undefined) throw stats.error;
    return { ids, failures: failures.sort((a, b) => a.index - b.index), stats };
  } finally {
    clearInterval(timer);
  }
}
