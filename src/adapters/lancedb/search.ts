/** Finds the nearest rows, with exact scores. */
import type { Table } from "@lancedb/lancedb";
import type { Hit, SearchOptions } from "../../contracts/index.js";
import { checkAborted, checkQuery, nearEnough, scoreOf } from "../../kit/index.js";
import { compileFilter } from "./filter-sql.js";
import { rowColumns, toRows } from "./rows.js";
import { readProbes } from "./search-probes.js";
import type { TableFacts } from "./table-schema.js";
import { vectorIndexOf } from "./vector-index.js";
import { type Nearest, vectorQuery } from "./vector-query.js";

/**
 * If a filter matches fewer rows than this, the search scans all matching rows instead of using the index. The partitions that the index
 * selects could contain none of the few matching rows.
 */
const exactBelowRows = 5_000;

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
  const way = await wayOf(searched, where);
  const answers: (readonly Hit[])[] = [];
  for (const query of queries) {
    checkAborted(signal, "search");
    const found = await nearest(searched, { query, limit: topK, where, way });
    const isComplete = way === "exact" || found.length === topK;
    answers.push(nearEnough(isComplete ? found : await nearest(searched, { query, limit: topK, where, way: "exact" }), minScore));
  }
  return answers;
}

async function wayOf({ table, folder }: SearchedTable, where: string | null): Promise<Nearest["way"]> {
  if ((await vectorIndexOf(table)) === "none") return "exact";
  const probes = await readProbes(folder);
  if (where === null) return { probes };
  const [matching, rows] = await Promise.all([table.countRows(where), table.countRows()]);
  if (matching < exactBelowRows) return "exact";
  // So the search compares about as many matching rows as a search without a filter compares rows.
  return { probes: Math.ceil((probes * rows) / matching) };
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
