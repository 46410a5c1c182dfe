/** Computes what an ingestion would do, for `--dry-run`. */
import { type Preview, preview } from "../../operations/index.js";
import type { InputStream } from "../../sources/index.js";
import { withCollectionIfExists } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Reads and writes no image. A collection that does not exist has no rows. */
export function previewIngest(parts: PipelineParts, inputs: InputStream, collectionName: string): Promise<Preview> {
  const { signal } = new AbortController();
  return withCollectionIfExists(parts, collectionName, (collection) =>
    preview(inputs(signal, undefined, collection?.idType), collection, signal),
  );
}
