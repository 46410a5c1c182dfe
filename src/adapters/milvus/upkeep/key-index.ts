/** Indexes on single fields, which make filters faster. Milvus updates them by itself when rows are written. */
import { type BuiltIndex, HeadraceError, type UpkeepOptions } from "../../../contracts/index.js";
import { compareText } from "../../../filter/index.js";
import type { DeclaredColumn } from "../connection/schema.js";
import { isIndexMissing } from "../errors.js";
import type { Upkeep } from "./upkeep.js";
import { type IndexInPlace, inPlaceOf, untilBuilt } from "./vector-index.js";

type Built = Pick<BuiltIndex, "type" | "outcome">;

/** The index types to try, best first. Servers before 2.4 have no INVERTED. */
const types = {
  text: ["INVERTED", "Trie"],
  number: ["INVERTED", "STL_SORT"],
  boolean: ["INVERTED"],
} as const satisfies Record<DeclaredColumn["type"], readonly string[]>;

/** Built-in fields. All other fields that an index can be on are declared. */
const numbers = new Set(["width", "height", "ingested_at"]);
const texts = new Set(["source", "root", "version", "content", "metadata_hash"]);

/** Returns the indexes of all fields but the vector field, by the name of the field. */
async function keyIndexes({ connection, shape }: Upkeep, signal?: AbortSignal): Promise<ReadonlyMap<string, IndexInPlace>> {
  const { name: collection_name, vectorField } = shape;
  const { index_descriptions } = await connection.call(
    `describe the indexes of ${collection_name}`,
    async (client) => {
      const answer = await client.describeIndex({ collection_name });
      return isIndexMissing(answer.status) ? { index_descriptions: [] } : answer;
    },
    { signal },
  );
  const others = index_descriptions.filter(({ field_name }) => field_name !== vectorField);
  return new Map(others.map((index) => [index.field_name, inPlaceOf(index)]));
}

/** The fields with an index, as `CollectionStats` reports them. */
export async function indexedKeysOf(upkeep: Upkeep): Promise<readonly string[]> {
  const fields = [...(await keyIndexes(upkeep)).keys()];
  return fields.filter((field) => field !== "id" && field !== "content").sort(compareText);
}

/** The declared fields, as `CollectionStats` reports them. Keys of the dynamic field cannot have an index. */
export function indexableKeysOf({ shape }: Upkeep): readonly string[] {
  return [...shape.columns.keys()].sort(compareText);
}

/** Throws `index_invalid` if the server cannot build an index on the field. */
export async function buildKeyIndex(upkeep: Upkeep, column: string, signal: AbortSignal, { onProgress }: UpkeepOptions): Promise<Built> {
  if (column === "id") return { type: "primary key", outcome: "unchanged" };
  const kind = kindOf(upkeep, column);
  const existing = (await keyIndexes(upkeep, signal)).get(column);
  if (existing === undefined) {
    await upkeep.seal(signal);
    await create(upkeep, { column, types: types[kind] }, signal);
  }
  const read = async () => (await keyIndexes(upkeep, signal)).get(column) ?? null;
  const { type } = await untilBuilt({ what: `build the index on ${column} of ${upkeep.shape.name}`, column, read }, upkeep.connection, {
    signal,
    onProgress,
  });
  return { type, outcome: existing === undefined ? "built" : "unchanged" };
}

function kindOf({ shape }: Upkeep, column: string): DeclaredColumn["type"] {
  if (numbers.has(column)) return "number";
  if (texts.has(column)) return "text";
  const declared = shape.declared.find(({ name }) => name === column);
  if (declared !== undefined) return declared.type;
  throw invalid(indexOn(shape.name, column), "a key without a field of its own", {
    hint: "Declare the key under `collections` before the collection is created. Keys in the dynamic field: use the tools of Milvus 2.5 or newer.",
  });
}

async function create(
  { connection, shape }: Upkeep,
  { column, types: candidates }: { readonly column: string; readonly types: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  let refused: HeadraceError | null = null;
  for (const index_type of candidates) {
    try {
      await connection.call(
        `create the index on ${column} of ${shape.name}`,
        (client) => client.createIndex({ collection_name: shape.name, field_name: column, index_type }),
        { signal },
      );
      return;
    } catch (error) {
      if (!HeadraceError.is(error) || (error.code !== "config_invalid" && error.code !== "unexpected")) throw error;
      refused = error;
    }
  }
  throw invalid(indexOn(shape.name, column), refused?.message ?? "none", { cause: refused });
}

function indexOn(collection: string, column: string): string {
  return `collection ${collection}: index on ${column}`;
}

function invalid(what: string, found: string, options: { readonly hint?: string; readonly cause?: unknown }): HeadraceError {
  return new HeadraceError("index_invalid", `${what}: expected a field that Milvus can index, found ${found}`, options);
}
