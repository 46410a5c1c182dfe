/** The rows of a collection as the histories see them. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageEmbeddingPipeline } from "../../../src/app/index.js";
import { HeadraceError, type Key, type StoredRow } from "../../../src/contracts/index.js";
import { type TarPath, tarPaths } from "./places.js";
import { collectionName } from "./product.js";

export type Given = Readonly<Record<string, string>>;

export interface Row {
  /** The id that a person gave, otherwise the source. */
  readonly key: string;
  readonly id: Key;
  /** The path below the folder of the history, if the image is a file. */
  readonly path: string | null;
  /** The archive that the image is in. */
  readonly archive: TarPath | null;
  readonly content: string;
  /** What a person gave: not what the product adds itself. */
  readonly given: Given;
  readonly ingestedAt: number;
  readonly hasVector: boolean;
}

/** The keys of metadata that people give in histories. */
const givenKeys = ["caption", "note"] as const;

/** All rows by their keys. A collection that does not exist has none. */
export async function rowsOf(pipeline: ImageEmbeddingPipeline, base: string): Promise<ReadonlyMap<string, Row>> {
  const rows = new Map<string, Row>();
  try {
    for await (const batch of pipeline.scan(collectionName, { vectors: "include" })) {
      for (const stored of batch) {
        const row = rowOf(stored, base);
        if (rows.has(row.key)) throw new Error(`two rows have the key ${row.key}`);
        rows.set(row.key, row);
      }
    }
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "collection_not_found") throw error;
  }
  return rows;
}

function rowOf({ id, facts, vector, ingestedAt }: StoredRow, base: string): Row {
  const given = givenKeys.flatMap((key) => {
    const value = facts.metadata[key];
    return typeof value === "string" ? [[key, value] as const] : [];
  });
  return {
    key: String(id).startsWith("sku-") ? String(id) : facts.source,
    id,
    path: facts.source.startsWith("file:") ? relative(base, fileURLToPath(facts.source)) : null,
    archive: facts.source.startsWith("tar:") ? (tarPaths.find((path) => facts.source.includes(`${base}/${path}#`)) ?? null) : null,
    content: facts.content,
    given: Object.fromEntries(given),
    ingestedAt,
    hasVector: vector?.some((value) => value !== 0) ?? false,
  };
}
