/** `insertImages` and `insertImagesAsync`: one call, all ids, what failed, and how it went. */
import { HeadraceError, type Key, type Observer, type RunSnapshot } from "../contracts/index.js";
import { refuseUnknownOptions } from "./call-options.js";
import { defaultCollection, type InsertStats, startIngest } from "./ingest-images.js";
import { onceEach } from "./inputs/first-seen.js";
import { checkInputs, type InputColumns, type Inputs, ingestInputs } from "./inputs/inputs.js";
import type { LaneOverrides } from "./wiring/lanes.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";
import { makeFileRefs } from "./wiring/registry.js";

export interface InsertOptions extends InputColumns, LaneOverrides {
  /** Paths, bytes, `file:` and `data:` URLs, or `{ input, id, metadata }`; iterables stream. */
  readonly inputs: Inputs;
  /**
   * Created with its first row when it does not exist; the first id decides whether its ids are text or int64. Default:
   * `milvus.collection_name`, else "images".
   */
  readonly collectionName?: string;
  /** Hard stop: what is stored stays, the call rejects with `aborted`. */
  readonly signal?: AbortSignal;
  /** Called about twice a second, and once at the end. */
  readonly onProgress?: (snapshot: RunSnapshot) => void;
  /** Told of everything that happens on the way, such as a server that is away: be quick, do not throw. */
  readonly observer?: Observer;
  /** Keep the ids in the result. "omit" for inputs too many to hold. Default "include". */
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

export interface InsertFailure {
  /** Position of the input. */
  readonly index: number;
  readonly source: string;
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

export interface Insertion {
  /** The key of each input, in order; also of those that failed. */
  readonly ids: readonly Key[];
  readonly failures: readonly InsertFailure[];
  readonly stats: InsertStats;
}

const progressEveryMs = 500;

/**
 * Rejects with the run's error when it did not come to its end; what is stored stays. What goes wrong after the last row is in
 * `stats.upkeepError`.
 */
export async function insert(parts: PipelineParts, schedule: "overlapped" | "sequential", options: InsertOptions): Promise<Insertion> {
  refuseUnknownOptions(schedule === "overlapped" ? "insertImagesAsync" : "insertImages", options, optionNames);
  checkInputs(options.inputs, options);
  const ids: Key[] = [];
  const failures: InsertFailure[] = [];
  const keepIds = options.collectIds !== "omit";
  const fileRefs = await makeFileRefs();
  const run = await startIngest(parts, {
    inputs: (stop) => onceEach(ingestInputs(options.inputs, options, fileRefs, stop)),
    collectionName: options.collectionName ?? defaultCollection(parts.settings),
    schedule,
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
      throw new HeadraceError("aborted", `Stopped after ${stats.stored} of ${stats.read} images were stored.`, {
        cause: options.signal?.reason,
      });
    }
    if (stats.error !== undefined) throw stats.error;
    return { ids, failures: failures.sort((a, b) => a.index - b.index), stats };
  } finally {
    clearInterval(timer);
  }
}
