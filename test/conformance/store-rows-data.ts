/** Rows for tests of stores. */
import type { Collection, Filter, ImageFacts, Key, Metadata, RowBatch } from "../../src/contracts/index.js";
import { metadataHash } from "../../src/kit/index.js";

/** One row as a test writes it down. */
export interface TestRow {
  readonly id: Key;
  readonly vector?: readonly number[];
  readonly metadata?: Metadata;
  readonly facts?: Partial<ImageFacts>;
}

export const dimension = 4;

/** Never fires. */
export const calm: AbortSignal = new AbortController().signal;

export function factsOf({ id, metadata = {}, facts = {} }: TestRow): ImageFacts {
  return {
    source: `file:///photos/${id}.jpg`,
    root: "file:///photos",
    version: `version of ${id}`,
    content: `content of ${id}`,
    metadata,
    metadataHash: metadataHash(metadata),
    width: 640,
    height: 480,
    ...facts,
  };
}

/** Rows without a vector get one of their own, a unit vector that depends on the position. */
export function batchOf(rows: readonly TestRow[], ingestedAt = 1_700_000_000_000): RowBatch {
  const width = rows.find((row) => row.vector !== undefined)?.vector?.length ?? dimension;
  const vectors = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) vectors.set(row.vector ?? unitVector(index, width), index * width);
  return { ids: rows.map((row) => row.id), vectors, dimension: width, facts: rows.map(factsOf), ingestedAt };
}

export function unitVector(seed: number, width = dimension): Float32Array {
  const vector = Float32Array.from({ length: width }, (_, at) => Math.sin(seed * 12.9898 + at * 78.233 + 1));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** Ids of the rows that pass, sorted as text. */
export async function idsOf(collection: Collection, filter?: Filter): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const rows of collection.scan({ vectors: "omit", ...(filter === undefined ? {} : { filter }) })) {
    ids.push(...rows.map((row) => String(row.id)));
  }
  return ids.sort();
}
