/** The indexes of a table: on its vectors, and on the columns that a user names. */
import { type BuiltIndex, HeadraceError, type UpkeepOptions } from "../../contracts/index.js";
import { compareText } from "../../filter/index.js";
import { builtInColumns, checkAborted, checkIndexColumn, type MetadataType } from "../../kit/index.js";
import type { Catalog, CollectionShape } from "./catalog.js";
import type { Session } from "./connection.js";
import type { Database } from "./database.js";
import { buildInBackground } from "./index-build.js";
import { indexName, quoteName } from "./names.js";
import type { IndexType } from "./options.js";

/** pgvector builds no index on longer vectors. */
const maxIndexedDimension = { float32: 2000, float16: 4000 } as const;
const operators = { cosine: "cosine", ip: "ip", l2: "l2" } as const;

/** An index of a table. */
interface TableIndex {
  readonly name: string;
  readonly method: string;
  readonly isValid: boolean;
}

/** The kind of index that a new collection gets. Throws `index_invalid` for a kind that its vectors cannot have. */
export function indexTypeOf(requested: IndexType, { dimension, vectorType }: Pick<CollectionShape, "dimension" | "vectorType">): IndexType {
  const fits = dimension <= maxIndexedDimension[vectorType];
  if (requested === "none" || fits) return requested === "auto" ? "hnsw" : requested;
  if (requested === "auto") return "none";
  const limit = maxIndexedDimension[vectorType];
  throw new HeadraceError(
    "index_invalid",
    `index ${requested}: expected at most ${limit} numbers per ${vectorType} vector, found ${dimension}`,
    {
      hint: "Set `postgres.vector_type` to float16 for up to 4000 numbers, or `postgres.index_type` to none.",
    },
  );
}

export async function hasVectorIndex(session: Session, database: Database, shape: CollectionShape): Promise<boolean> {
  return (await tableIndexes(session, database, shape)).some(({ method, isValid }) => isValid && isVectorMethod(method));
}

/** Kind of the index on vectors, and the columns with an index that a user requested. */
export async function indexFacts(
  catalog: Catalog,
  shape: CollectionShape,
): Promise<{ readonly index: string; readonly indexedKeys: readonly string[] }> {
  const { connection, database } = catalog;
  const query: Session = { run: (statement) => connection.query(`collection ${shape.name}: read the indexes`, statement) };
  const found = (await tableIndexes(query, database, shape)).filter(({ isValid }) => isValid);
  const names = new Set(found.map(({ name }) => name));
  const columns = [...builtInColumns, ...(await catalog.columns(shape.name)).keys()];
  return {
    index: found.find(({ method }) => isVectorMethod(method))?.method ?? "none",
    indexedKeys: columns.filter((column) => names.has(keyIndexName(shape, column))).sort(compareText),
  };
}

/** Builds the index on vectors, unless it is there. `leastRows`: a smaller table gets none. */
export async function buildVectorIndex(
  catalog: Catalog,
  shape: CollectionShape,
  { signal, onProgress, leastRows }: UpkeepOptions & { readonly signal: AbortSignal; readonly leastRows: number },
): Promise<Pick<BuiltIndex, "type" | "outcome">> {
  const { connection, database } = catalog;
  const call = `collection ${shape.name}: build the index`;
  checkAborted(signal, call);
  const query: Session = { run: (statement) => connection.query(call, statement, { signal }) };
  const existing = (await tableIndexes(query, database, shape)).find(({ method, isValid }) => isValid && isVectorMethod(method));
  if (existing !== undefined) return { type: existing.method, outcome: "unchanged" };
  const rows = await countUpTo(query, database, shape, leastRows);
  if (shape.indexType === "none" || rows < leastRows) return { type: "none", outcome: "unchanged" };
  const count = await rowCount(query, database, shape);
  const type = shape.indexType === "ivfflat" ? "ivfflat" : "hnsw";
  const { m, efConstruction, lists } = database.section;
  const settings =
    type === "hnsw"
      ? `m = ${m}, ef_construction = ${Math.max(efConstruction, 2 * m)}`
      : `lists = ${lists ?? Math.max(1, Math.round(Math.sqrt(count)))}`;
  const kind = shape.vectorType === "float16" ? "halfvec" : "vector";
  const outcome = await buildInBackground(catalog, {
    shape,
    name: indexName(shape.table, "embedding"),
    column: "vector",
    definition: `USING ${type} (embedding ${database.extension}.${kind}_${operators[shape.metric]}_ops) WITH (${settings})`,
    rows: count,
    signal,
    onProgress,
  });
  return { type, outcome };
}

/** Builds an index on a column, unless it is there. Throws `index_invalid`. */
export async function buildKeyIndex(
  catalog: Catalog,
  shape: CollectionShape,
  column: string,
  { signal, onProgress }: UpkeepOptions & { readonly signal: AbortSignal },
): Promise<Pick<BuiltIndex, "type" | "outcome">> {
  const types = await catalog.columns(shape.name, signal);
  checkIndexColumn(shape.name, column, types.keys());
  if (column === "id") return { type: "primary key", outcome: "unchanged" };
  const { method, definition } = keyIndex(column, types.get(column));
  const outcome = await buildInBackground(catalog, {
    shape,
    name: keyIndexName(shape, column),
    column,
    definition,
    rows: null,
    signal,
    onProgress,
  });
  return { type: method, outcome };
}

export async function rowCount(session: Session, database: Database, { table }: CollectionShape): Promise<number> {
  const [row] = await session.run({ text: `SELECT count(*) AS count FROM ${database.table(table)}` });
  return Number(row?.["count"]);
}

async function countUpTo(session: Session, database: Database, { table }: CollectionShape, limit: number): Promise<number> {
  const text = `SELECT count(*) AS count FROM (SELECT FROM ${database.table(table)} LIMIT $1) AS found`;
  const [row] = await session.run({ text, values: [limit] });
  return Number(row?.["count"]);
}

/** A b-tree takes no text of more than 2,700 bytes. The tree of `spgist` takes every text. */
function keyIndex(column: string, type: MetadataType | undefined): { readonly method: string; readonly definition: string } {
  if (type === undefined) {
    const method = ["width", "height", "ingested_at"].includes(column) ? "btree" : "spgist";
    return { method, definition: `USING ${method} (${quoteName(column)})` };
  }
  // `checkIndexColumn` has checked the key. It has only letters, digits and _.
  if (type === "text") return { method: "spgist", definition: `USING spgist (((metadata->>'${column}') COLLATE "C"))` };
  return { method: "btree", definition: `USING btree ((metadata->'${column}')) WHERE jsonb_typeof(metadata->'${column}') <> 'string'` };
}

function keyIndexName({ table }: CollectionShape, column: string): string {
  return indexName(table, `key_${column}`);
}

async function tableIndexes(session: Session, database: Database, { table }: CollectionShape): Promise<readonly TableIndex[]> {
  const text = `SELECT c.relname AS name, a.amname AS method, i.indisvalid AS valid FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = $1::regclass`;
  const rows = await session.run({ text, values: [database.table(table)] });
  return rows.map((row) => ({ name: String(row["name"]), method: String(row["method"]), isValid: row["valid"] === true }));
}

function isVectorMethod(method: string): boolean {
  return method === "hnsw" || method === "ivfflat";
}
