/** Finds the rows of images that are no longer in the source, and decides which of them may be deleted. */
import { type Collection, HeadraceError, type Key, type StoredRow } from "../../contracts/index.js";
import type { Arrivals } from "./arrivals.js";
import { type KeptReason, KeptRows } from "./kept-rows.js";
import type { ListedSource, ListedSources } from "./listed-sources.js";
import { hasGivenMetadata } from "./moved-metadata.js";

/** The most rows of one source that a call may delete: a number of rows, or a share (0 to 1) of the rows of the source. */
export type DeletionLimit = { readonly rows: number } | { readonly share: number };

/** Looks whether the image of a row that its source does not list is gone. Returns null if it is, else why the row must stay. */
export type LookAtRow = (row: StoredRow, source: ListedSource) => Promise<KeptReason | null>;

/** The rows of one source. */
interface SourceRows {
  readonly source: ListedSource;
  /** All its rows, with and without an image. */
  rows: number;
  /** The rows whose image is gone. */
  readonly gone: Key[];
  /** Those of them that have metadata of a person. */
  readonly described: Key[];
  /** The rows whose image is gone, or whose source is empty. */
  missing: number;
  /** The part of `missing` whose bytes the run has stored under another name. */
  moved: number;
}

export interface GoneRows {
  readonly kept: KeptRows;
  readonly sources: ReadonlyMap<ListedSource, SourceRows>;
  readonly missing: number;
  /** The part of `missing` whose bytes the run has stored under another name. */
  readonly moved: number;
}

export interface FindOptions {
  readonly look: LookAtRow;
  readonly arrivals: Arrivals;
  readonly signal: AbortSignal;
}

/** Compares the rows of all sources with the listing, and looks at the image of each row that was not listed. */
export async function findGone(
  collection: Pick<Collection, "scan">,
  listed: ListedSources,
  { look, arrivals, signal }: FindOptions,
): Promise<GoneRows> {
  const kept = new KeptRows();
  const sources = new Map<ListedSource, SourceRows>();
  if (listed.sources.some(({ named }) => named?.kind === "container" && !named.isNamed)) kept.add("list_unnamed", 0);
  for await (const rows of listed.rowsInScope(collection, { vectors: "omit", signal })) {
    const unlisted: [StoredRow, SourceRows][] = [];
    for (const row of rows) {
      const standing = listed.standingOf(row);
      if (standing === null) continue;
      const own = rowsOf(sources, standing.source);
      own.rows += 1;
      if (standing.standing === "unlisted") unlisted.push([row, own]);
      else if (standing.standing !== "listed") kept.add(standing.standing);
      if (standing.standing === "root_empty") own.missing += 1;
    }
    const reasons = await Promise.all(unlisted.map(([row, { source }]) => look(row, source)));
    for (const [index, [row, own]] of unlisted.entries()) {
      const reason = reasons[index] ?? null;
      if (reason !== null) kept.add(reason);
      else addGone(own, row, arrivals);
    }
  }
  const all = [...sources.values()];
  const sum = (count: "missing" | "moved") => all.reduce((total, own) => total + own[count], 0);
  return { kept, sources, missing: sum("missing"), moved: sum("moved") };
}

function rowsOf(sources: Map<ListedSource, SourceRows>, source: ListedSource): SourceRows {
  const known = sources.get(source);
  if (known !== undefined) return known;
  const made = { source, rows: 0, gone: [], described: [], missing: 0, moved: 0 };
  sources.set(source, made);
  return made;
}

function addGone(own: SourceRows, row: StoredRow, arrivals: Arrivals): void {
  own.gone.push(row.id);
  own.missing += 1;
  if (arrivals.hasContent(row.facts)) own.moved += 1;
  if (hasGivenMetadata(row.facts)) own.described.push(row.id);
}

/** What may be deleted, and what must not be. */
export interface PruneDecision {
  readonly ids: readonly Key[];
  /** Those of the ids whose rows have metadata of a person. */
  readonly described: readonly Key[];
  /** One text for each source whose rows stay. */
  readonly problems: readonly string[];
}

/** Decides for each source by itself. Counts the rows over the limit as kept. */
export function decidePrune({ sources, kept }: GoneRows, listed: ListedSources, limit: DeletionLimit): PruneDecision {
  const ids: Key[] = [];
  const described: Key[] = [];
  const problems: string[] = [];
  for (const source of listed.sources) {
    const own = sources.get(source);
    if (isEmptySource(source) && ((own?.missing ?? 0) > 0 || listed.count === 0)) {
      problems.push(`${source.root}: expected at least one image, found none`);
    }
    if (own === undefined) continue;
    const { rows, gone } = own;
    const allowed = "rows" in limit ? limit.rows : Math.floor(limit.share * rows);
    if (gone.length > allowed) {
      const shown = "rows" in limit ? `${limit.rows} rows` : `${Math.round(limit.share * 100)} % of ${rows} rows`;
      problems.push(`${source.root}: expected at most ${shown} to delete, found ${gone.length}`);
      kept.add("over_limit", gone.length);
      continue;
    }
    for (const id of gone) ids.push(id);
    for (const id of own.described) described.push(id);
  }
  return { ids, described, problems };
}

/** Returns the error that says which rows were not deleted although this was asked for; null if there are none. */
export function pruneRefusal(problems: readonly string[], { counts }: KeptRows): HeadraceError | null {
  const all = [
    ...problems,
    ...(counts.source_changed === undefined ? [] : ["folder: expected the one that was listed, found none or another"]),
    ...(counts.list_unnamed === undefined ? [] : ["list from a pipe: expected a name, found none"]),
  ];
  if (all.length === 0) return null;
  const more = all.length > maxShown ? ` and ${all.length - maxShown} more` : "";
  return new HeadraceError("prune_refused", `source ${all.slice(0, maxShown).join("; ")}${more}, so no row of it was deleted`, {
    hint:
      counts.list_unnamed === undefined
        ? "Check that the source is mounted and complete. To delete more rows: --max-deletions. If a source is really empty, delete its rows: headrace delete --filter 'root == \"…\"'."
        : "Name the list, so that its rows can be told from those of other lists: --as NAME.",
  });
}

function isEmptySource({ named, listed }: ListedSource): boolean {
  return named !== null && listed === 0;
}

const maxShown = 3;
