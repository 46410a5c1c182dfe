/** `sync`: makes a collection mirror its source. New and changed images are stored, and the rows of images that are gone can be deleted. */
import { type Collection, HeadraceError, type Outcome, type StoredRow } from "../../contracts/index.js";
import {
  Arrivals,
  compare,
  type DeletionLimit,
  decidePrune,
  findGone,
  type GoneRows,
  type KeptCounts,
  type KeptReason,
  ListedSources,
  moveMetadata,
  pruneRefusal,
  type Standing,
  type Standings,
} from "../../operations/index.js";
import { type InputStream, isContainer, type ListingRequest, listInputs } from "../../sources/index.js";
import { labelOf } from "../collections/addresses.js";
import { withCollection } from "../collections/named-collection.js";
import { deleteKept } from "../deletions/delete-kept.js";
import { Looks } from "../deletions/looks.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type IngestRun, type InsertStats, type RunRequest, startIngest } from "./ingest-images.js";

/** What to mirror, and what to do with the rows of images that are gone. */
export interface SyncRequest extends Omit<RunRequest, "inputs" | "schedule"> {
  /** Folders, globs or a manifest. Pipes and stdin work only without a preview. */
  readonly source: ListingRequest;
  /**
   * "keep": count the rows of images that are gone. "delete": delete those of them whose image is proven gone, after all other images are
   * stored.
   */
  readonly missing: "keep" | "delete";
  /**
   * The most rows that may be deleted, for each source by itself. More: no row of this source is deleted, and `upkeepError` says so. Default:
   * half of the rows of the source.
   */
  readonly maxDeletions?: DeletionLimit;
  /**
   * "prune": the rows of tables, lists and archives that were in a listed folder and are gone count as gone, too. Default "keep": such rows
   * are compared only if the table, list or archive itself is named.
   */
  readonly goneContainers?: "keep" | "prune";
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
  /**
   * Rows of images that are no longer in the source. null if the run did not complete, because the listing is then not complete, and for a
   * list from a pipe without a name, whose rows are unknown.
   */
  readonly missing: number | null;
  /** Number of deleted rows. */
  readonly pruned: number;
  /** Rows whose image was not listed and that were kept nevertheless, by reason. */
  readonly kept: KeptCounts;
}

/** A synchronisation in progress. */
export interface SyncRun extends Omit<IngestRun, "done"> {
  readonly done: Promise<SyncStats>;
}

/** What a synchronisation would do. Images that moved count as new, because only reading them shows their contents. */
export interface SyncPreview extends Standings {
  /** Rows of images that are no longer in the source. */
  readonly missing: number;
  /** Rows whose image was not listed and that would be kept nevertheless, by reason. */
  readonly kept: KeptCounts;
}

const defaultLimit: DeletionLimit = { share: 0.5 };

/** Clocks of other machines may be late by this much. */
const clockSlackMs = 60_000;

export async function startSync(parts: PipelineParts, request: SyncRequest): Promise<SyncRun> {
  const seen = { startedMs: Date.now(), listed: listedSources(request), arrivals: new Arrivals() };
  const counts = { new: 0, changed: 0, unchanged: 0 };
  const run = await startIngest(parts, {
    ...request,
    schedule: "overlapped",
    inputs: remembered(parts, request, seen.listed),
    onOutcome: (outcome) => {
      const standing = standingOf(outcome);
      if (standing !== null) counts[standing] += 1;
      // A file may also have been moved over another one, whose row is then replaced.
      const hasArrived = standing === "new" || standing === "changed";
      if (hasArrived && outcome.kind === "stored" && outcome.reused) seen.arrivals.add(outcome.id, outcome.facts);
      request.onOutcome?.(outcome);
    },
  });
  return { ...run, done: run.done.then((stats) => finish(parts, request, { ...stats, ...counts }, seen)) };
}

/** Compares without reading images or writing rows. A collection that does not exist has no rows. */
export async function previewSync(
  parts: PipelineParts,
  request: Pick<SyncRequest, "source" | "collectionName" | "goneContainers">,
): Promise<SyncPreview> {
  const { signal } = new AbortController();
  const seen = { startedMs: Date.now(), listed: listedSources(request), arrivals: new Arrivals() };
  const inputs = remembered(parts, request, seen.listed);
  try {
    return await withCollection(parts, request.collectionName, "read", async (collection) => {
      const standings = await compare(inputs(signal, undefined, collection.idType), collection, { signal });
      await using looks = looksFor(parts, request.source, { ...seen, slackMs: 0, objects: "trust listing", signal });
      const { missing, kept } = await findGone(collection, seen.listed, { look: looks.look, arrivals: seen.arrivals, signal });
      return { ...standings, missing, kept: kept.counts };
    });
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
    return { ...(await compare(inputs(signal), null, { signal })), missing: 0, kept: {} };
  }
}

/** What a run has seen of the sources. */
interface Seen {
  readonly startedMs: number;
  readonly listed: ListedSources;
  readonly arrivals: Arrivals;
}

type Stored = InsertStats & Pick<SyncStats, "new" | "changed" | "unchanged">;

function listedSources({ goneContainers = "keep" }: Pick<SyncRequest, "goneContainers">): ListedSources {
  return new ListedSources({ isContainer, goneContainers });
}

function remembered(parts: PipelineParts, { source }: Pick<SyncRequest, "source">, listed: ListedSources): InputStream {
  const onSource: ListingRequest["onSource"] = (event) => {
    listed.note(event);
    source.onSource?.(event);
  };
  return (...asked) => listed.remember(listInputs({ ...parts.listingSettings, ...source, onSource })(...asked));
}

/** Counts the missing rows and deletes them if the request says so. Returns an error instead of rejecting, because the rows are stored. */
async function finish(parts: PipelineParts, request: SyncRequest, stats: Stored, seen: Seen): Promise<SyncStats> {
  const none = { ...stats, moved: null, missing: null, pruned: 0, kept: {} };
  if (stats.ended !== "completed") return none;
  const signal = request.signal ?? new AbortController().signal;
  const { listed, arrivals } = seen;
  const isDeleting = request.missing === "delete";
  try {
    return await withCollection(parts, request.collectionName, isDeleting ? "write" : "read", async (collection) => {
      const slackMs = (await parts.store(signal)).maxWriters > 1 ? clockSlackMs : 0;
      const objects = isDeleting ? "ask" : "trust listing";
      await using looks = looksFor(parts, request.source, { ...seen, slackMs, objects, signal });
      const gone = await findGone(collection, listed, { look: looks.look, arrivals, signal });
      const { sources } = listed;
      const isUnknown = sources.length > 0 && sources.every(({ named }) => named?.kind === "container" && !named.isNamed);
      const found = { ...stats, moved: gone.moved, missing: isUnknown ? null : gone.missing };
      const deletion = { ...seen, gone, looks, signal };
      const end = isDeleting ? await deleteGone(parts, collection, request, deletion).catch(failedDeletion) : { pruned: 0 };
      return { ...found, ...end, kept: gone.kept.counts };
    });
  } catch (error) {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return { ...none, moved: 0, missing: 0 };
    return { ...none, upkeepError: HeadraceError.from(error) };
  }
}

interface GoneOptions extends Seen {
  readonly gone: GoneRows;
  readonly looks: Looks;
  readonly signal: AbortSignal;
}

/** Deletes the rows that were found, each after a second look at its image. */
async function deleteGone(
  parts: PipelineParts,
  collection: Collection,
  request: SyncRequest,
  { gone, listed, arrivals, looks, signal }: GoneOptions,
): Promise<Pick<SyncStats, "pruned" | "upkeepError">> {
  const { ids, described, problems } = decidePrune(gone, listed, request.maxDeletions ?? defaultLimit);
  const reasonToKeep = async (row: StoredRow): Promise<KeptReason | null> => {
    const found = listed.standingOf(row);
    if (found === null || found.standing === "listed") return "image_exists";
    return found.standing === "unlisted" ? looks.look(row, found.source) : found.standing;
  };
  const isGone = async (row: StoredRow) => (await reasonToKeep(row)) === null;
  await moveMetadata(collection, described, { listed, arrivals, isGone, cameMs: looks.cameMs, signal });
  const pruned = await deleteKept(parts, collection, ids, {
    command: "sync",
    signal,
    mayDelete: async (row) => {
      const reason = await reasonToKeep(row);
      if (reason !== null) gone.kept.add(reason);
      return reason === null;
    },
  });
  const label = labelOf({ collection: collection.name }, parts.storeKind);
  const { observer } = request;
  const failed = await parts.upkeep.after({ label, collection, ended: "completed", signal, soft: signal, observer });
  const upkeepError = pruneRefusal(problems, gone.kept) ?? failed;
  return { pruned, ...(upkeepError === null ? {} : { upkeepError }) };
}

function failedDeletion(error: unknown): Pick<SyncStats, "pruned" | "upkeepError"> {
  return { pruned: 0, upkeepError: HeadraceError.from(error) };
}

interface LooksFor extends Seen {
  readonly slackMs: number;
  readonly objects: "ask" | "trust listing";
  readonly signal: AbortSignal;
}

function looksFor(
  { settings }: PipelineParts,
  { naming, s3 = settings.s3 }: ListingRequest,
  { startedMs, slackMs, objects, listed, signal }: LooksFor,
): Looks {
  const isContained = listed.isContained.bind(listed);
  return new Looks({ s3, naming, sinceMs: startedMs - slackMs, objects, isContained, signal });
}

function standingOf(outcome: Outcome): Extract<Standing, "new" | "changed" | "unchanged"> | null {
  if (outcome.kind === "stored") return outcome.facts.before === "stored" ? "changed" : "new";
  return outcome.kind === "skipped" && outcome.reason === "known" ? "unchanged" : null;
}
