/** Finds the nearest rows, with exact scores. */
import type { Table } from "@lancedb/lancedb";
import type { Hit, SearchOptions } from "../../contracts/index.js";
import { checkAborted, checkQuery, nearEnough, scoreOf } from "../../kit/index.js";
import { compileFilter } from "./filter-sql.js";
import { rowColumns, toRows } from "./rows.js";
import type { TableFacts } from "./table-schema.js";
import { distanceOf, vectorIndexOf } from "./vector-index.js";

/** Number of index partitions that a search reads. In tables of up to about 260,000 rows, this is every partition. */
const probes = 64;
/** A search with the index computes exact distances for this many candidates per hit. */
const refineFactor = 10;

/**
 * If a filter matches fewer rows than this, the search scans all matching rows instead of using the index. The partitions that the index
 * selects could contain none of the few matching rows.
 */
const exactBelowRows = 5_000;

/** Returns a list of hits per query, best first. */
export async function searchTable(
  table: Table,
  facts: TableFacts,
  queries: readonly Float32Array[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  const { topK, filter, minScore, signal } = options;
  for (const query of queries) checkQuery(query, options, facts);
  const where = filter === undefined ? null : compileFilter(filter, facts);
  const indexed = (await vectorIndexOf(table)) !== "none";
  const exact = !indexed || (where !== null && (await table.countRows(where)) < exactBelowRows);
  const answers: (readonly Hit[])[] = [];
  for (const query of queries) {
    checkAborted(signal, "search");
    const found = await nearest(table, facts, { query, topK, where, way: exact ? "exact" : "index" });
    const complete = exact || found.length === topK;
    answers.push(nearEnough(complete ? found : await nearest(table, facts, { query, topK, where, way: "exact" }), minScore));
  }
  return answers;
}

interface Search {
  readonly query: Float32Array;
  readonly topK: number;
  readonly where: string | null;
  readonly way: "exact" | "index";
}

async function nearest(table: Table, facts: TableFacts, { query, topK, where, way }: Search): Promise<readonly Hit[]> {
  const asked = table.vectorSearch(query).column("vector").distanceType(distanceOf(facts.metric)).limit(topK);
  const wayed = way === "exact" ? asked.bypassVectorIndex() : asked.nprobes(probes).refineFactor(refineFactor);
  const filtered = where === null ? wayed : wayed.where(where);
  const hits: Hit[] = [];
  // Nothing reads the column `_distance`. If it is not selected, LanceDB prints a warning for each search.
  for await (const batch of filtered.select([...rowColumns(facts.columns, "include"), "_distance"])) {
    for (const { id, vector, facts: found } of toRows(batch, facts.columns)) {
      hits.push({ id, score: scoreOf(facts.metric, query, vector!), facts: found });
    }
  }
  return hits.sort((a, b) => b.score - a.score);
}
