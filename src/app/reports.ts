/** The reports of runs as JSON documents. */
import type { Outcome, RunReport } from "../contracts/index.js";
import { type Limit, type ServerLoad, stageShares } from "../insight/index.js";
import { type LeftOutColumn, pathOfSource } from "../sources/index.js";
import type { InsertStats } from "./runs/ingest-images.js";
import type { RetryStats } from "./runs/retry-failures.js";

/** One image or row that failed. */
export interface ReportedFailure {
  /** The id that the row would have. */
  readonly id: string;
  readonly source: string;
  /** Path of the source if it is a file on this machine; null for any other source. */
  readonly path: string | null;
  /** The line that names the image, as `file:line`; null if no manifest or table does. */
  readonly line: string | null;
  readonly code: string;
  readonly message: string;
  /** What to do about the error. */
  readonly hint: string;
}

/** The JSON report of an ingestion. */
export interface IngestDocument {
  readonly ended: RunReport["ended"];
  readonly collection: string;
  readonly read: number;
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
  /** Tables, lists and archives that could not be read. Each is one failed image, however many images it names. */
  readonly unlistedFiles: number;
  /** Files in the listed folders that are not images, counted by file extension: `{".heic": 12, "(none)": 3}`. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Columns of tables that are not stored, and why: `[{ "column": "thumbnail", "reason": "bytes" }]`. At most 100. */
  readonly leftOutColumns: readonly LeftOutColumn[];
  readonly elapsedMs: number;
  readonly imagesPerSecond: number;
  /** The first 1,000 failures at most. The dead-letter file contains all failures. */
  readonly failures: readonly ReportedFailure[];
  /** Path of the dead-letter file; null when the file has no entries. */
  readonly deadLetters: string | null;
  /** Number of dead-letter entries from earlier runs, not counting images that failed again in this run. */
  readonly failedEarlier: number;
  readonly stages: readonly {
    readonly name: string;
    readonly workers: number;
    readonly items: number;
    readonly busyShare: number;
    readonly starvedShare: number;
    readonly blockedShare: number;
    readonly waitingShare: number;
  }[];
  readonly peakRssBytes: number;
  /** `limit` and `gpu` in words. */
  readonly verdict: string;
  /** What limited the speed; null when the run was too short to say, or stored nothing. */
  readonly limit: Limit | null;
  /** How busy the servers of the model were; null when there are none, when they do not tell, or when the run was too short. */
  readonly gpu: ServerLoad | null;
}

/** What the report of an ingestion contains besides the report of the run. */
export interface ReportContext {
  readonly collection: string;
  readonly leftOut: IngestDocument["leftOut"];
  /** Default: none. */
  readonly leftOutColumns?: IngestDocument["leftOutColumns"];
  readonly failures: readonly ReportedFailure[];
  readonly deadLetters: string | null;
  readonly peakRssBytes: number;
}

export function reportedFailure({
  id,
  facts,
  error,
}: Pick<Outcome & { readonly kind: "failed" }, "id" | "facts" | "error">): ReportedFailure {
  const { source, line = null } = facts;
  const { code, message, hint } = error;
  return { id: String(id), source, path: pathOfSource(source), line, code, message, hint };
}

export function ingestDocument(report: InsertStats, context: ReportContext): IngestDocument {
  const { ended, read, stored, reused, skipped, failed, abandoned, unlistedFiles, elapsedMs, stages } = report;
  return {
    ended,
    collection: context.collection,
    read,
    stored,
    reused,
    skipped,
    failed,
    abandoned,
    unlistedFiles,
    leftOut: context.leftOut,
    leftOutColumns: context.leftOutColumns ?? [],
    elapsedMs: Math.round(elapsedMs),
    imagesPerSecond: perSecond(stored, elapsedMs),
    failures: context.failures,
    deadLetters: context.deadLetters,
    failedEarlier: report.failedEarlier,
    stages: stages.map((stage) => ({ name: stage.name, workers: stage.workers, items: stage.items, ...stageShares(stage) })),
    peakRssBytes: context.peakRssBytes,
    verdict: report.verdict,
    limit: report.limit,
    gpu: report.gpu,
  };
}

/** The JSON report of a retry. */
export interface RetryDocument extends IngestDocument {
  /** Number of images that were tried: `tried = stored + skipped + failed + abandoned`. */
  readonly tried: number;
  /** Number of entries of the dead-letter file that only a new insertion can try. */
  readonly notTried: number;
}

export function retryDocument(report: RetryStats, context: Omit<ReportContext, "leftOut">): RetryDocument {
  const { tried, notTried } = report;
  return { ...ingestDocument(report, { ...context, leftOut: {} }), tried, notTried };
}

/** The JSON report of a copy, an export or an import. */
export interface MoveDocument {
  readonly ended: RunReport["ended"];
  readonly from: string;
  readonly to: string;
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly elapsedMs: number;
  readonly rowsPerSecond: number;
  /** The first 1,000 failures at most. */
  readonly failures: readonly ReportedFailure[];
}

export function moveDocument(report: RunReport, ends: Pick<MoveDocument, "from" | "to" | "failures">): MoveDocument {
  const { ended, read, stored, skipped, failed, abandoned, elapsedMs } = report;
  const { from, to, failures } = ends;
  return {
    ended,
    from,
    to,
    read,
    stored,
    skipped,
    failed,
    abandoned,
    elapsedMs: Math.round(elapsedMs),
    rowsPerSecond: perSecond(stored, elapsedMs),
    failures,
  };
}

function perSecond(count: number, elapsedMs: number): number {
  return elapsedMs === 0 ? 0 : Math.round((count / elapsedMs) * 10_000) / 10;
}
