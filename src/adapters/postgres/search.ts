/** Finds the nearest rows. */
import type { Hit, Metric, SearchOptions } from "../../contracts/index.js";
import { checkQuery, nearEnough } from "../../kit/index.js";
import type { Catalog, CollectionShape } from "./catalog.js";
import type { Session } from "./connection.js";
import type { Database } from "./database.js";
import { compileFilter, Parameters } from "./filter.js";
import { hasVectorIndex } from "./indexes.js";
import { factsOf, keyOf, rowColumns } from "./rows.js";

const distances: Readonly<Record<Metric, string>> = { cosine: "<=>", ip: "<#>", l2: "<->" };

/** Returns a list of hits per query, best first. */
export async function searchTable(
  catalog: Catalog,
  shape: CollectionShape,
  queries: readonly Float32Array[],
  options: SearchOptions,
): Promise<readonly (readonly Hit[])[]> {
  for (const query of queries) checkQuery(query, options, shape);
  if (queries.length === 0) return [];
  const { connection, database } = catalog;
  const parameters = new Parameters();
  const where = options.filter === undefined ? "true" : compileFilter(options.filter, shape.idType, parameters);
  const search = async (session: Session): Promise<readonly (readonly Hit[])[]> => {
    const answers: (readonly Hit[])[] = [];
    let way: "any" | "exact" = "any";
    for (const query of queries) {
      let hits = await nearest(session, { database, shape, where, parameters, query, topK: options.topK });
      if (hits.length < options.topK && way === "any" && (await hasVectorIndex(session, database, shape))) {
        // An index may stop before it has found enough rows. Without the index, the answer is complete.
        await session.run({ text: "SET LOCAL enable_indexscan = off" });
        way = "exact";
        hits = await nearest(session, { database, shape, where, parameters, query, topK: options.topK });
      }
      answers.push(nearEnough(hits, options.minScore));
    }
    return answers;
  };
  return connection.transaction(`collection ${shape.name}: search`, search, {
    begin: begin(database, options.topK),
    signal: options.signal,
  });
}

/** The settings last until the end of the transaction. All of them are numbers and words of Headrace. */
function begin({ section, canIterate }: Database, topK: number): string {
  const { efSearch, lists, probes } = section;
  const clusters = probes ?? (lists === null ? null : Math.ceil(Math.sqrt(lists)));
  const settings: readonly (readonly [method: "hnsw" | "ivfflat", name: string, value: string | number])[] = [
    ["hnsw", "ef_search", Math.min(1000, Math.max(efSearch, topK))],
    ...(clusters === null ? [] : [["ivfflat", "probes", clusters] as const]),
    ...(canIterate
      ? ([
          ["hnsw", "iterative_scan", "strict_order"],
          ["ivfflat", "iterative_scan", "relaxed_order"],
        ] as const)
      : []),
  ];
  return ["BEGIN READ ONLY", ...settings.map(([method, name, value]) => `SET LOCAL ${method}.${name} = ${value}`)].join("; ");
}

interface Search {
  readonly database: Database;
  readonly shape: CollectionShape;
  readonly where: string;
  readonly parameters: Parameters;
  readonly query: Float32Array;
  readonly topK: number;
}

async function nearest(session: Session, { database, shape, where, parameters, query, topK }: Search): Promise<readonly Hit[]> {
  const { extension } = database;
  const type = shape.vectorType === "float16" ? "halfvec" : "vector";
  const own = new Parameters();
  own.values.push(...parameters.values);
  const place = own.add(`[${query.join(",")}]`, `${extension}.${type}`);
  const distance = `embedding OPERATOR(${extension}.${distances[shape.metric]}) ${place}`;
  const text = `SELECT ${rowColumns(database, "omit")}, ${distance} AS distance FROM ${database.table(shape.table)}
    WHERE ${where} ORDER BY ${distance} LIMIT ${own.add(topK, "bigint")}`;
  const rows = await session.run({ text, values: own.values });
  return rows
    .map((row): Hit => ({ id: keyOf(row, shape), score: scoreOf(shape.metric, Number(row["distance"])), facts: factsOf(row) }))
    .sort((a, b) => b.score - a.score);
}

/** pgvector gives one minus the cosine, the negative inner product, or the root of a float32. The square of the root must be that float32. */
function scoreOf(metric: Metric, distance: number): number {
  if (metric === "cosine") return 1 - distance;
  return metric === "ip" ? 0 - distance : 0 - Math.fround(distance * distance);
}
