/**
 * Starts an ingestion from settings: opens the collection, checks its passport, records dead letters, and does the work after the last row.
 */

import type { ChainReady, LabelChoice } from "../../chain/index.js";
import {
  type Collection,
  type Encoded,
  HeadraceError,
  type Observer,
  type Outcome,
  type Run,
  type RunReport,
  type RunSnapshot,
  type StageState,
  type VectorStore,
} from "../../contracts/index.js";
import { limitingStage, type ServerLoad } from "../../insight/index.js";
import { mebibyte } from "../../kit/index.js";
import { ingest } from "../../operations/index.js";
import { DeadLetters, type ExpectedImages, expectCopies, type InputStream, type RunUses, SourceFiles } from "../../sources/index.js";
import { labelOf } from "../collections/addresses.js";
import { declaredMetric } from "../collections/declared.js";
import { announcingKeys, createOrOpen, NewCollection } from "../collections/new-collection.js";
import { deadLetterPath } from "../configuration/dead-letter-path.js";
import { describerOf } from "../decode-workers/describer.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { Shared } from "../lifetimes/shared.js";
import { labellerOf } from "../wiring/labellers.js";
import { ingestWidths, type LaneOverrides, reserveFor, runOptions, writeWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { AfterRunOptions } from "../wiring/upkeep.js";
import { ResourceWatch } from "./resource-watch.js";
import { type SpeedReport, speedReport, usesServers } from "./speed-report.js";

/** The images to ingest, and the collection for them. */
export interface RunRequest {
  readonly inputs: InputStream;
  /**
   * Name or alias of the collection. If the collection does not exist, its first row creates it. The first input's id then decides whether
   * ids are text or int64.
   */
  readonly collectionName: string;
  /** "refuse": throws `collection_not_found` if the collection does not exist. Default "create". */
  readonly missingCollection?: "create" | "refuse";
  readonly schedule: "overlapped" | "sequential";
  /**
   * "many": if the collection is empty, the decode workers start at once, beside the opening of the model and the store. Default "few": they
   * start with the fourth image.
   */
  readonly expects?: ExpectedImages;
  readonly overrides?: LaneOverrides;
  /**
   * Writes the nearest labels of each image into the metadata of its row: `image_label`, `image_label_2` and so on, and the cosine of the first,
   * `image_label_score`.
   * Rows that are skipped as unchanged keep theirs. Default: no labels.
   */
  readonly labels?: LabelChoice;
  /**
   * "omit": embeds each image and writes its row, whatever the collection has. Default "include": looks up which images the collection has,
   * unless it is empty.
   */
  readonly lookups?: "include" | "omit";
  readonly signal?: AbortSignal;
  readonly observer?: Observer;
  /** Called for each item, after the dead-letter file is up to date. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** @internal Set for a run that shares its work with others. */
  readonly shared?: SharedRun;
}

/** How a run differs whose collection other runs fill at the same time. It always looks up keys, and leaves upkeep to the last job. */
export interface SharedRun {
  /** Keeps the failures. Default: the dead-letter file of the collection. */
  readonly failures: FailureLog;
  /** A soft stop that takes longer becomes a hard stop. */
  readonly drainTimeoutMs: number;
}

/** Where the failures of a run are recorded. */
export interface FailureLog extends Pick<DeadLetters, "settle" | "finish" | "size" | "fromEarlierRuns"> {
  /** Path of a file, or a description of another place. */
  readonly path: string;
}

/** An ingestion in progress. */
export interface IngestRun {
  /** Soft stop: reads no more items and finishes the ones in flight. After the last row, upkeep is left to the next call. */
  drain(): void;
  snapshot(): RunSnapshot;
  /** What each stage does now. */
  stages(): readonly StageState[];
  /** What has limited the speed so far, in words. Meaningful after a few seconds. */
  verdict(): string;
  /** The stage that `verdict` names as the limit. null: it names none. */
  limitingStage(): string | null;
  /** How busy the servers of the model were in the last seconds. null: there are none, or they do not tell. */
  serverLoad(): ServerLoad | null;
  readonly deadLetterPath: string;
  /** Resolves to the report, after upkeep is done and the collection is closed. */
  readonly done: Promise<InsertStats>;
}

/** The report of an ingestion, and the current contents of the collection's dead-letter file. */
export interface InsertStats extends RunReport, SpeedReport {
  /** Number of entries in the dead-letter file. */
  readonly deadLetters: number;
  /** Number of entries from earlier runs, not counting images that failed again in this run. */
  readonly failedEarlier: number;
  /** Number of tables, lists and archives that could not be read. Each is one failed image, however many images it names. */
  readonly unlistedFiles: number;
  /** An error after the last row, for example in upkeep. All rows that the report counts as stored are stored. */
  readonly upkeepError?: HeadraceError;
}

export async function startIngest(parts: PipelineParts, request: RunRequest): Promise<IngestRun> {
  const signal = request.signal ?? new AbortController().signal;
  const soft = new AbortController();
  const store = await parts.store(signal);
  const collection = await openOrPlan(store, parts, request, signal);
  const uses = parts.copies.uses.ofRun();
  try {
    await parts.copies.removeAbandoned();
    const deadLetters = request.shared?.failures ?? (await openDeadLetters(parts, collection, request));
    const files = new SourceFiles();
    const run = await startRun(parts, store, collection, { deadLetters, uses, files }, request, signal);
    const watch = new ResourceWatch(() => parts.openChain?.embedder ?? null, usesServers(parts) ? "machine" : "process");
    const explain = async (report: RunReport): Promise<SpeedReport> => {
      const resources = await watch.stop(report.ended === "aborted" || report.ended === "failed" ? "at once" : "after a last reading");
      return speedReport(report, resources, { parts, store, schedule: request.schedule });
    };
    const explainSoFar = (): SpeedReport => {
      const soFar: RunReport = { ...run.snapshot(), ended: "completed", peakBytes: 0 };
      return speedReport(soFar, watch.resources, { parts, store, schedule: request.schedule });
    };
    return {
      drain: () => {
        run.drain();
        soft.abort();
      },
      snapshot: () => run.snapshot(),
      stages: () => run.stages(),
      verdict: () => explainSoFar().verdict,
      limitingStage: () => limitingStage(explainSoFar().limit),
      serverLoad: () => watch.recentServerLoad,
      deadLetterPath: deadLetters.path,
      done: finish(parts, run, collection, deadLetters, {
        explain,
        signal,
        soft: soft.signal,
        observer: request.observer,
        shared: request.shared,
        files,
        onEnd: uses.end,
      }),
    };
  } catch (error) {
    uses.end();
    await collection.close();
    throw error;
  }
}

/** The file has the name of the collection, also when the request gives an alias. */
function openDeadLetters({ settings }: PipelineParts, { name, idType }: Collection, { observer }: RunRequest): Promise<DeadLetters> {
  const notice = (message: string) => observer?.({ kind: "notice", message });
  return DeadLetters.open(deadLetterPath(settings, name), { notice, idType });
}

async function startRun(
  parts: PipelineParts,
  store: VectorStore,
  collection: Collection,
  { deadLetters, uses, files }: { readonly deadLetters: FailureLog; readonly uses: RunUses; readonly files: SourceFiles },
  request: RunRequest,
  signal: AbortSignal,
): Promise<Run> {
  const { settings } = parts;
  const describe = await describerOf(settings);
  const isEmpty = await collection.isEmpty(signal);
  if (isEmpty && request.expects === "many") parts.expectImages();
  const readyAndChecked: ChainReady = async (waiting) => {
    const chain = await parts.chain(waiting);
    await parts.passports.check(collection, chain, "write", waiting);
    return parts.runChain(chain);
  };
  const once = new Shared(() => readyAndChecked(signal));
  const chain = isEmpty ? await once.get(signal) : parts.openChain;
  const lanes = ingestWidths(settings, chain?.embedder ?? null, request.overrides ?? {});
  parts.expectBatches(lanes.embedParallel);
  const inputs = files.watch(request.inputs, collection instanceof NewCollection ? undefined : collection.idType);
  return ingest({
    name: "list",
    inputs: expectCopies(collection instanceof NewCollection ? announcingKeys(inputs, collection) : inputs, uses),
    collection,
    lookups: request.lookups ?? (isEmpty && request.shared === undefined ? "omit" : "include"),
    otherWriters: store.maxWriters > 1 ? "possible" : "excluded",
    damaged: settings.preprocess.damaged,
    ...(settings.metadata.exif === false ? {} : { describe: ({ bytes }: Encoded) => describe(bytes).pictureMetadata ?? {} }),
    preprocess: chain !== null && chain.preprocessor === null ? "omit" : "include",
    readers: await parts.runReaders(request.schedule === "overlapped" ? "wait" : "fail", signal),
    ready: (waiting) => once.get(waiting),
    readyAndChecked,
    checkStore: (waiting) => store.check(waiting),
    maxFileBytes: settings.preprocess.maxFileMb * mebibyte,
    reserveBytes: reserveFor(chain, collection.dimension),
    lanes,
    ...writeWidths(settings, store, { batchRows: lanes.insertBatchSize, dimension: collection.dimension }),
    settle: (outcome) => {
      uses.settle(outcome.facts.listed);
      files.settle(outcome);
      const onOutcome = () => request.onOutcome?.(outcome);
      const recorded = deadLetters.settle(outcome);
      return recorded === undefined ? onOutcome() : recorded.then(onOutcome);
    },
    ...(request.labels === undefined ? {} : { label: await labellerOf(parts, collection, request.labels, signal) }),
    options: {
      ...runOptions(settings, request),
      ...(request.shared === undefined ? {} : { drainTimeoutMs: request.shared.drainTimeoutMs }),
    },
  });
}

/** Opens the collection for writing. If the collection does not exist, writing the first row will create it, unless the request refuses that. */
async function openOrPlan(
  store: VectorStore,
  parts: PipelineParts,
  { collectionName: name, missingCollection = "create" }: RunRequest,
  signal: AbortSignal,
): Promise<Collection> {
  const open = async (): Promise<Collection> => {
    const collection = await store.openCollection(name, "write");
    return closedOnError([collection], async () => {
      await collection.checkMayWrite?.(signal);
      return collection;
    });
  };
  try {
    return await open();
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found" || missingCollection === "refuse") throw error;
  }
  const chain = await parts.chain(signal);
  const { dimension } = chain.embedder;
  const metric = declaredMetric(parts.settings, name);
  return new NewCollection({
    name,
    dimension,
    metric,
    create: (schema) =>
      createOrOpen(
        () => store.create(name, { dimension, metric, ...schema }),
        async () => {
          const collection = await open();
          return closedOnError([collection], async () => {
            await parts.passports.check(collection, chain, "write", signal);
            return collection;
          });
        },
      ),
  });
}

interface FinishOptions extends Pick<AfterRunOptions, "signal" | "soft" | "observer"> {
  readonly explain: (report: RunReport) => Promise<SpeedReport>;
  readonly shared: SharedRun | undefined;
  readonly files: SourceFiles;
  readonly onEnd: () => void;
}

async function finish(
  parts: PipelineParts,
  run: Run,
  collection: Collection,
  deadLetters: FailureLog,
  { explain, shared, files, onEnd, ...after }: FinishOptions,
): Promise<InsertStats> {
  return closed([collection], async () => {
    const report = await run.done.finally(onEnd);
    const speed = await explain(report);
    const lettersError = await deadLetters.finish(report.ended === "completed" ? files.listed : []).then(
      () => null,
      (error: unknown) => HeadraceError.from(error),
    );
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const upkeep = () => parts.upkeep.after({ label, collection, ended: report.ended, ...after });
    const upkeepError = lettersError ?? (shared === undefined ? await upkeep() : null);
    return {
      ...report,
      deadLetters: deadLetters.size,
      failedEarlier: deadLetters.fromEarlierRuns,
      unlistedFiles: files.unlisted,
      ...speed,
      ...(upkeepError === null ? {} : { upkeepError }),
    };
  });
}
