/** `duplicates`: finds rows that show the same, in groups. */
import { HeadraceError } from "../../contracts/index.js";
import { type DuplicateGroup, duplicateGroups } from "../../operations/index.js";
import { openNamed } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Where to look for duplicates, and what counts as one. */
export interface DuplicatesRequest {
  readonly collectionName: string;
  /**
   * The least score of near duplicates, as in a search. Identical files are duplicates whatever it is. Default: 0.95 in collections with the
   * metric cosine. Needed for other metrics.
   */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of rows that are compared. */
  readonly onCompared?: (rows: number) => void;
}

const defaultThreshold = 0.95;

/** Throws `collection_not_found` and `query_invalid`. */
export async function* findDuplicates(parts: PipelineParts, request: DuplicatesRequest): AsyncGenerator<DuplicateGroup> {
  const collection = await openNamed(parts, { collection: request.collectionName }, "read");
  try {
    const threshold = request.threshold ?? (collection.metric === "cosine" ? defaultThreshold : Number.NaN);
    if (Number.isNaN(threshold)) {
      throw new HeadraceError(
        "query_invalid",
        `duplicates in ${collection.name}: expected a threshold for the metric ${collection.metric}, found none`,
        {
          hint: "Give the least score of two copies. `headrace search --id` shows scores.",
        },
      );
    }
    const { signal = new AbortController().signal, onCompared } = request;
    // Milvus searches fast, and sends vectors slowly.
    const method = parts.storeKind === "lancedb" ? "pairs" : "search";
    yield* duplicateGroups(collection, { threshold, method, signal, ...(onCompared === undefined ? {} : { onCompared }) });
  } finally {
    await collection.close();
  }
}
