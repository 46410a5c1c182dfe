/** Finds the nearest rows, with exact scores. */
import { setImmediate } from "node:timers/promises";
import type { Table } from "@lancedb/lancedb";
import type { Hit, SearchOptions } from "../../contracts/index.js";
import { checkAborted, checkQuery, nearEnough, scoreOf } from "../../kit/index.js";
import { fitBesideIndex, type NewestQuery, type NewestRow, nearestOf } from "./newest-rows.js";
import { compileFilter } from "./table/filter-sql.js";
import { rowColumns, toRows } from "./table/rows.js";
import { probesFor, readProbes, refineFactor } from "./table/search-probes.js";
import type { TableFacts } from "./table/table-schema.js";
import type { TableMemory } from "./table-memory.js";
import { vectorIndexState } from "./upkeep/vector-index.js";
import { type Nearest, vectorQuery } from "./upkeep/vector-query.js";

/**
 * If a filter matches fewer rows than `rows`, the search reads the whole index, and computes exact distances for at least `candidates` of
 * the matching rows. Without the index, LanceDB would read the vectors of all rows: with 300,000 rows, that took 20 times as long.
 */
const fewMatching = { rows: 5_000, candidates: 200 } as const;

/**
 * The codes of the index cannot tell vectors apart that are as similar as frames of one video. If all hits have at least this cosine with the
 * query, exact distances are computed for more candidates: with 40, an image did not always find itself among its near-duplicates.
 */
const nearDuplicates = { cosine: 0.995, candidatesTimes: 10 } as const;

/** More than any index has. */
const everyPartition = 1_000_000;

/** Attempts of a search while other calls write to the table. The last attempt lets LanceDB search all rows at once. */
const maxAttempts = 3;

export interface SearchedTable {
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  readonly memory: TableMemory;
}

/** Returns a list of hits per query, best first. */
export async function searchTable(
  searched: SearchedTable,
  queries: readonly Float32Array[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  const { table } = searched;
  for (let attempt = 1; ; attempt += 1) {
    const version = await table.version();
    const plan = await planOf(searched, options, version, attempt === maxAttempts ? "together" : "apart");
    for (const query of queries) checkQuery(query, options, plan.facts);
    const answers: (readonly Hit[])[] = [];
    for (const query of queries) {
      checkAborted(options.signal, "search");
      answers.push(nearEnough(await hitsOf(table, query, options, plan), options.minScore));
    }
    // If a row was written again meanwhile, neither the index nor the newest rows may have had the row.
    if (plan.newest === null || (await table.version()) === version) return answers;
  }
}

interface Plan {
  readonly facts: TableFacts;
  readonly where: string | null;
  readonly way: Nearest["way"];
  /** Number of hits that a complete answer has. */
  readonly hits: number;
  /** The unindexed rows, if they are searched in memory; without an index, all rows. Null: LanceDB searches them. */
  readonly newest: readonly NewestRow[] | null;
}

/** `newest`: whether the unindexed rows are searched in memory ("apart") or by LanceDB ("together"). */
async function planOf(
  { table, folder, memory }: SearchedTable,
  { topK, filter }: SearchOptions,
  version: number,
  newest: "apart" | "together",
): Promise<Plan> {
  const { counts } = memory;
  const facts = await memory.facts.of(table, version);
  const where = filter === undefined ? null : compileFilter(filter, facts);
  const index = await vectorIndexState(table);
  // Only LanceDB can evaluate a filter on columns with types that Headrace ignores.
  const isForLance = newest === "together" || (where !== null && [...facts.columns.values()].includes("other"));
  if (index === null) {
    const all = isForLance ? null : await memory.unindexedRows(table, version);
    return { facts, where, way: "exact", hits: topK, newest: all?.list ?? null };
  }
  const measured = await readProbes(folder);
  const unindexed = { version, ownerId: index.id, rows: index.unindexedRows };
  const isKept = !isForLance && fitBesideIndex(unindexed.rows);
  const common = { facts, where, newest: isKept ? (await memory.newest.load(table, facts, unindexed)).list : null };
  if (where === null) return { ...common, way: { probes: probesFor(measured, topK), refine: refineFactor }, hits: topK };
  const [matching, rows] = await Promise.all([counts.of(table, version, where), counts.of(table, version, null)]);
  const hits = Math.min(topK, matching);
  if (matching < fewMatching.rows) {
    const refine = Math.max(refineFactor, Math.ceil(Math.min(matching, fewMatching.candidates) / topK));
    return { ...common, way: { probes: everyPartition, refine }, hits };
  }
  // The nearest matching rows are farther from the query than the nearest rows, so they are in more partitions.
  return { ...common, way: { probes: probesFor(measured, topK * (rows / matching)), refine: refineFactor }, hits };
}

async function hitsOf(table: Table, query: Float32Array, options: SearchOptions, plan: Plan): Promise<readonly Hit[]> {
  const { topK, filter } = options;
  const { facts, where, way, hits, newest } = plan;
  if (way === "exact" && newest !== null) return nearestOf(newest, { query, metric: facts.metric, limit: topK, filter });
  const rows = newest === null ? "all" : "indexed";
  const [found, fresh] = await Promise.all([
    nearestIndexed(table, facts, { query, limit: topK, where, way, rows }),
    newest === null ? [] : nearestWhileLanceWorks(newest, { query, metric: facts.metric, limit: topK, filter }),
  ]);
  const together = merged(found, fresh).slice(0, topK);
  if (way === "exact" || together.length >= hits) return together;
  if (way.probes < everyPartition) return hitsOf(table, query, options, { ...plan, way: { ...way, probes: everyPartition } });
  return (await nearest(table, facts, { query, limit: topK, where, way: "exact", rows: "all" })).hits;
}

/** LanceDB searches the index in threads of its own. Until it answers, this thread has time for the newest rows. */
async function nearestWhileLanceWorks(newest: readonly NewestRow[], query: NewestQuery): Promise<readonly Hit[]> {
  await setImmediate();
  return nearestOf(newest, query);
}

async function nearestIndexed(table: Table, facts: TableFacts, search: Search): Promise<readonly Hit[]> {
  const { hits, leastCosine } = await nearest(table, facts, search);
  if (search.way === "exact" || hits.length < search.limit || leastCosine < nearDuplicates.cosine) return hits;
  const way = { ...search.way, refine: search.way.refine * nearDuplicates.candidatesTimes };
  return (await nearest(table, facts, { ...search, way })).hits;
}

/** Merges two lists of hits, best first. A row that is in both counts once. */
function merged(found: readonly Hit[], newest: readonly Hit[]): readonly Hit[] {
  const ids = new Set(newest.map(({ id }) => id));
  return [...newest, ...found.filter(({ id }) => !ids.has(id))].sort((a, b) => b.score - a.score);
}

type Search = Nearest & { readonly where: string | null };

interface Found {
  readonly hits: readonly Hit[];
  /** Cosine of the query and the hit that is least similar to it. */
  readonly leastCosine: number;
}

async function nearest(table: Table, facts: TableFacts, { where, ...wanted }: Search): Promise<Found> {
  const search = vectorQuery(table, facts, wanted);
  const filtered = where === null ? search : search.where(where);
  const hits: Hit[] = [];
  let leastCosine = 1;
  // Nothing reads the column `_distance`. If it is not selected, LanceDB prints a warning for each search.
  for await (const batch of filtered.select([...rowColumns(facts.columns, "include"), "_distance"])) {
    for (const { id, vector, facts: found } of toRows(batch, facts.columns)) {
      hits.push({ id, score: scoreOf(facts.metric, wanted.query, vector!), facts: found });
      leastCosine = Math.min(leastCosine, scoreOf("cosine", wanted.query, vector!));
    }
  }
  return { hits: hits.sort((a, b) => b.score - a.score), leastCosine };
}
