/** `sync`: makes a collection mirror its source. New and changed images are stored, and the rows of images that are gone can be deleted. */
import { type ErrorCode, HeadraceError, type Outcome } from "../contracts/index.js";
import {
  Arrivals,
  checkPrune,
  compare,
  countMissing,
  type DeletionLimit,
  ListedSources,
  prune,
  type Standing,
  type Standings,
} from "../operations/index.js";
import { labelOf } from "./collections/addresses.js";
import { withCollection } from "./collections/named-collection.js";
import { type IngestRun, type InsertStats, type RunRequest, startIngest } from "./ingest-images.js";
import { type ListingRequest, listInputs } from "./inputs/listings.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** What to mirror, and what to do with the rows of images that are gone. */
export interface SyncRequest extends Omit<RunRequest, "inputs" | "schedule"> {
  /** Folders, globs or a manifest. Pipes and stdin work only without a preview. */
  readonly source: ListingRequest;
  /** "keep": count the rows of images that are gone. "delete": delete them, after all other images are stored. */
  readonly missing: "keep" | "delete";
  /** The most rows that may be deleted. More: no row is deleted, and `upkeepError` says so. Default: half of the rows of the source. */
  readonly maxDeletions?: DeletionLimit;
}

/** The report of a synchronisation. */
export interface SyncStats extends InsertStats {
  /** Images that had no row. Includes `moved`. */
  readonly new: number;
  /** Images that had a row, which was replaced. */
  readonly changed: number;
  /** Images whose row was up to date. */
  readonly unchanged: number;
  /** Images that have another name than before. Their vectors were not computed again. null if `missing` is null. */
  readonly moved: number | null;
  /** Rows of images that are no longer in the source. null if the run did not complete, because the listing is then not complete. */
  readonly missing: number | null;
  /** Number of deleted rows. */
  readonly pruned: number;
}

/** A synchronisation in progress. */
export interface SyncRun extends Omit<IngestRun, "done"> {
  readonly done: Promise<SyncStats>;
}

/** What a synchronisation would do. Images that moved count as new, because only reading them shows their contents. */
export interface SyncPreview extends Standings {
  /** Rows of images that are no longer in the source. */
  readonly missing: number;
}

const defaultLimit: DeletionLimit = { share: 0.5 };

/** A folder that cannot be read is listed like an image, and reading it fails with one of these codes. */
const mayBeFolder: ReadonlySet<ErrorCode> = new Set(["source_forbidden", "source_not_file", "source_unreadable"]);

export async function startSync(parts: PipelineParts, request: SyncRequest): Promise<SyncRun> {
  const listed = new ListedSources();
  const arrivals = new Arrivals();
  const counts = { new: 0, changed: 0, unchanged: 0 };
  const run = await startIngest(parts, {
    ...request,
    schedule: "overlapped",
    inputs: (...asked) => listed.remember(listInputs({ ...parts.listingSettings, ...request.source })(...asked)),
    onOutcome: (outcome) => {
      const standing = standingOf(outcome);
      if (standing !== null) counts[standing] += 1;
      if (standing === "new" && outcome.kind === "stored" && outcome.reused) arrivals.add(outcome.facts);
      if (outcome.kind === "failed" && mayBeFolder.has(outcome.error.code)) listed.noteUnreadable(outcome.facts.source);
      request.onOutcome?.(outcome);
    },
  });
  return { ...run, done: run.done.then((stats) => finish(parts, request, stats, { listed, arrivals, counts })) };
}

/** Compares without reading images or writing rows. A collection that does not exist has no rows. */
export async function previewSync(parts: PipelineParts, request: Pick<SyncRequest, "source" | "collectionName">): Promise<SyncPreview> {
  const { signal } = new AbortController();
  const listed = new ListedSources();
  const inputs = (idType?: "text" | "int64") =>
    listed.remember(listInputs({ ...parts.listingSettings, ...request.source })(signal, undefined, idType));
  try {
    return await withCollection(parts, request.collectionName, "read", async (collection) => {
      const standings = await compare(inputs(collection.idType), collection, { signal });
      const { missing } = await countMissing(collection, listed, new Arrivals(), signal);
      return { ...standings, missing };
    });
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
    return { ...(await compare(inputs(), null, { signal })), missing: 0 };
  }
}

interface Seen {
  readonly listed: ListedSources;
  readonly arrivals: Arrivals;
  readonly counts: Pick<SyncStats, "new" | "changed" | "unchanged">;
}

/** Counts the missing rows and deletes them if the request says so. Returns an error instead of rejecting, because the rows are stored. */
async function finish(
  parts: PipelineParts,
  request: SyncRequest,
  stats: InsertStats,
  { listed, arrivals, counts }: Seen,
): Promise<SyncStats> {
  const none = { ...stats, ...counts, moved: null, missing: null, pruned: 0 };
  if (stats.ended !== "completed") return none;
  const signal = request.signal ?? new AbortController().signal;
  try {
    return await withCollection(parts, request.collectionName, request.missing === "delete" ? "write" : "read", async (collection) => {
      const { missing, moved, rows } = await countMissing(collection, listed, arrivals, signal);
      const found = { ...stats, ...counts, moved, missing };
      if (request.missing === "keep") return { ...found, pruned: 0 };
      try {
        checkPrune({ missing, moved, rows }, listed, request.maxDeletions ?? defaultLimit);
        const pruned = missing === 0 ? 0 : await prune(collection, listed, signal);
        const label = labelOf({ collection: collection.name }, parts.storeKind);
        const upkeepError = await parts.upkeep.after({
          label,
          collection,
          ended: "completed",
          signal,
          soft: signal,
          observer: request.observer,
        });
        return { ...found, pruned, ...(upkeepError === null ? {} : { upkeepError }) };
      } catch (error) {
        return { ...found, pruned: 0, upkeepError: HeadraceError.from(error) };
      }
    });
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return { ...none, moved: 0, missing: 0 };
    return { ...none, upkeepError: HeadraceError.from(error) };
  }
}

function standingOf(outcome: Outcome): Extract<Standing, "new" | "changed" | "unchanged"> | null {
  if (outcome.kind === "stored") return outcome.facts.before === "stored" ? "changed" : "new";
  return outcome.kind === "skipped" && outcome.reason === "known" ? "unchanged" : null;
}
