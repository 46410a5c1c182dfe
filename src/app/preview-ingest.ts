/** Computes what an ingestion would do, for `--dry-run`. */
import { HeadraceError } from "../contracts/index.js";
import { type Preview, preview } from "../operations/index.js";
import { checkCollectionName } from "./call-options.js";
import { openNamed } from "./collections/named-collection.js";
import type { InputStream } from "./inputs/listings.js";
import { closed } from "./wiring/closing.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** Reads and writes no image. A collection that does not exist has no rows. */
export async function previewIngest(parts: PipelineParts, inputs: InputStream, collectionName: string): Promise<Preview> {
  checkCollectionName(collectionName);
  const { signal } = new AbortController();
  const collection = await openNamed(parts, { collection: collectionName }, "read").catch((error: unknown) => {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  });
  return closed(collection === null ? [] : [collection], () => preview(inputs(signal), collection, signal));
}
