/** Finds the row that an address of a picture names, and says how long clients may keep the picture. */
import { type ImageEmbeddingPipeline, keysOf } from "../../app/index.js";
import type { ImageFacts } from "../../contracts/index.js";
import { Refused } from "./problems.js";

export interface RowAddress {
  /** Name of the collection. */
  readonly name: string;
  readonly id: string;
  /** The first characters of the row's content. undefined: any content. */
  readonly content: string | undefined;
}

/** Throws `row_not_found` if there is no such row, or if it has another content. */
export async function factsOfRow(pipeline: ImageEmbeddingPipeline, { name, id, content = "" }: RowAddress): Promise<ImageFacts> {
  const [row] = await pipeline.rows(name, await keysOf(pipeline, name, [id]));
  if (row === undefined) throw new Refused("row_not_found", `id: expected the id of a row of ${name}, found another one.`);
  if (!row.facts.content.startsWith(content)) throw new Refused("row_not_found", "content: expected that of the row, found another one.");
  return row.facts;
}

/** Without the content in its address, the picture may be another one soon. */
export function cacheControl(content: RowAddress["content"]): string {
  return content === undefined ? "private, max-age=60" : "private, max-age=31536000, immutable";
}
