/** Converts ids from the command line, which are text, to the id type of the collection. */
import type { ImageEmbeddingPipeline } from "../app/index.js";
import type { Key } from "../contracts/index.js";

export async function keysOf(pipeline: ImageEmbeddingPipeline, collection: string, ids: readonly string[]): Promise<readonly Key[]> {
  const { idType } = await pipeline.collectionStats(collection);
  return idType === "int64" ? ids.map((id) => (/^-?\d+$/.test(id) ? BigInt(id) : id)) : ids;
}
