/** All rows of a collection, in a form that shows every bit. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { openParquetRows } from "../../src/adapters/parquet/index.js";
import type { Collection, CollectionSchema, RowBatch } from "../../src/contracts/index.js";
import { calm } from "../conformance/store-rows-data.js";

/** Sorted by id. Vectors are the bits of their numbers. */
export async function everyBit(collection: Pick<Collection, "scan">): Promise<readonly object[]> {
  const rows: { readonly id: string }[] = [];
  for await (const batch of collection.scan({ vectors: "include" })) {
    for (const { id, vector, facts, ingestedAt } of batch) {
      const bits = vector === null ? null : Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("hex");
      const metadata = Object.entries(facts.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
      rows.push({ id: `${typeof id} ${id}`, ...{ bits, ingestedAt, facts: { ...facts, metadata } } });
    }
  }
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The rows of a collection in a data folder; null if it does not exist. */
export async function bitsIn(path: string, name: string): Promise<readonly object[] | null> {
  const store = lancedbStore({ path });
  await store.open(calm);
  try {
    const has = (await store.list()).some((each) => each.name === name) || (await store.aliases()).some(({ alias }) => alias === name);
    if (!has) return null;
    const collection = await store.openCollection(name, "read");
    try {
      return await everyBit(collection);
    } finally {
      await collection.close();
    }
  } finally {
    await store.close();
  }
}

/** The rows of each whole file of deleted rows of a collection. */
export async function deletedBits(path: string, name: string): Promise<readonly (readonly object[])[]> {
  const folder = join(path, "deleted", name);
  const files = (await readdir(folder).catch(() => [])).filter((each) => each.endsWith(".parquet"));
  return Promise.all(
    files.map(async (file) => {
      const source = await openParquetRows(join(folder, file));
      return everyBit(source).finally(() => source.close());
    }),
  );
}

/** Each row once, sorted by id. */
export function distinctRows(places: readonly (readonly object[])[]): readonly object[] {
  const found = new Map(places.flat().map((row) => [JSON.stringify(row), row as { readonly id: string }]));
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Fills a new or existing collection in a data folder. */
export async function fill(
  path: string,
  name: string,
  { schema, batch, vectorType = "float32" }: { schema: CollectionSchema; batch: RowBatch; vectorType?: "float16" | "float32" },
): Promise<void> {
  const store = lancedbStore({ path, vectorType });
  await store.open(calm);
  try {
    const collection = await store.openCollection(name, "write").catch(() => store.create(name, schema));
    const refused = await collection.upsert(batch, calm);
    await collection.close();
    if (refused.length > 0) throw refused[0]!.error;
  } finally {
    await store.close();
  }
}
