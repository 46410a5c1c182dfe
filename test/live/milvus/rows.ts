/** Rows of the live tests of Milvus; processes that tests start make them too. */
import type { Key, Metadata, RowBatch } from "../../../src/contracts/index.js";
import { metadataHash } from "../../../src/kit/index.js";

export interface RowsOptions {
  readonly dimension?: number;
  readonly metadata?: (index: number) => Metadata;
  readonly version?: string;
}

/** Rows whose every value follows from their key. */
export function rowsOf(ids: readonly Key[], options: RowsOptions = {}): RowBatch {
  const { dimension = 8, version = "1" } = options;
  const vectors = new Float32Array(ids.length * dimension);
  for (let at = 0; at < vectors.length; at += 1) vectors[at] = Math.sin(at * 0.7 + ids.length) + 0.01;
  const facts = ids.map((id, index) => {
    const metadata = options.metadata?.(index) ?? { index };
    return {
      source: `file:///live/${id}.jpg`,
      root: "file:///live",
      version,
      content: `content of ${id}`,
      metadata,
      metadataHash: metadataHash(metadata),
      width: 640,
      height: 480,
    };
  });
  return { ids, vectors, dimension, facts, ingestedAt: 1_700_000_000_000 };
}

export function keys(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `key-${String(from + index).padStart(6, "0")}`);
}
