/** Finds the nearest rows, with exact scores. */
import type { Table } from "@lancedb/lancedb";
import type { Hit, SearchOptions } from "../../contracts/index.js";
import { checkAborted, checkQuery, nearEnough, scoreOf } from "../../kit/index.js";
import { compileFilter } from "./filter-sql.js";
import { rowColumns, toRows } from "./rows.js";
import { readProbes, refineFactor, sample } from "./search-probes.js";
import type { TableFacts } from "./table-schema.js";
import { vectorIndexOf } from "./vector-index.js";
import { type Nearest, vectorQuery } from "./vector-query.js";

/**
 * If a filter matches fewer rows than `rows`, the search reads the whole index, and computes exact distances for at least `candidates` of
 * the matching rows. Without the index, LanceDB would read the vectors of all rows: with 300,000 rows, that took 20 times as long.
 */
const fewMatching = { rows: 5_000, candidates: 200 } as const;

/** More than any index has. */
const everyPartition = 1_000_000;

export interface SearchedTable {
  readonly table: Table;
  /** The folder of the table. */
  readonly folder: string;
  readonly facts: TableFacts;
}

/** Returns a list of hits per query, best first. */
export async function searchTable(
  searched: SearchedTable,
  queries: readonly Float32Array[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  const { facts } = searched;
  const { topK, filter, minScore, signal } = options;
  for (const query of queries) checkQuery(query, options, facts);
  const where = filter === undefined ? null : compileFilter(filter, facts);
  const { way, hits } = await planOf(searched, topK, where);
  const answers: (readonly Hit[])[] = [];
  for (const query of queries) {
    checkAborted(signal, "search");
    const found = await nearest(searched, { query, limit: topK, where, way });
    const isComplete = way === "exact" || found.length >= hits;
    answers.push(nearEnough(isComplete ? found : await nearest(searched, { query, limit: topK, where, way: "exact" }), minScore));
  }
  return answers;
}

interface Plan {
  readonly way: Nearest["way"];
  /** Number of hits that a complete answer has. */
  readonly hits: number;
}

async function planOf({ table, folder }: SearchedTable, topK: number, where: string | null): Promise<Plan> {
  if ((await vectorIndexOf(table)) === "none") return { way: "exact", hits: topK };
  const probes = (await readProbes(folder)) * Math.sqrt(Math.max(1, topK / sample.nearest));
  if (where === null) return { way: { probes: Math.ceil(probes), refine: refineFactor }, hits: topK };
  const [matching, rows] = await Promise.all([table.countRows(where), table.countRows()]);
  const hits = Math.min(topK, matching);
  if (matching < fewMatching.rows) {
    const refine = Math.max(refineFactor, Math.ceil(Math.min(matching, fewMatching.candidates) / topK));
    return { way: { probes: everyPartition, refine }, hits };
  }
  // The nearest matching rows are farther from the query than the nearest rows, so they are in more partitions.
  return { way: { probes: Math.ceil(probes * Math.sqrt(rows / matching)), refine: refineFactor }, hits };
}

type Search = Nearest & { readonly where: string | null };

async function nearest({ table, facts }: SearchedTable, { where, ...wanted }: Search): Promise<readonly Hit[]> {
  const search = vectorQuery(table, facts, wanted);
  const filtered = where === null ? search : search.where(where);
  const hits: Hit[] = [];
  // Nothing reads the column `_distance`. If it is not selected, LanceDB prints a warning for each search.
  for await (const batch of filtered.select([...rowColumns(facts.columns, "include"), "_distance"])) {
    for (const { id, vector, facts: found } of toRows(batch, facts.columns)) {
      hits.push({ id, score: scoreOf(facts.metric, wanted.query, vector!), facts: found });
    }
  }
  return hits.sort((a, b) => b.score - a.score);
}
