/** Converts ids from a command line or a request to the id type of the collection. */
import type { Key } from "../contracts/index.js";
import type { ImageEmbeddingPipeline } from "./pipeline.js";

/** Text that is a whole number becomes a bigint if the ids of the collection are numbers. Throws `collection_not_found`. */
export async function keysOf(
  pipeline: ImageEmbeddingPipeline,
  collection: string,
  ids: readonly (string | number)[],
): Promise<readonly Key[]> {
  const texts = ids.map(String);
  if (!texts.some(isWholeNumber)) return texts;
  const { idType } = await pipeline.collectionStats(collection);
  return idType === "int64" ? texts.map((text) => (isWholeNumber(text) ? BigInt(text) : text)) : texts;
}

const isWholeNumber = (text: string): boolean => /^-?\d+$/.test(text);
