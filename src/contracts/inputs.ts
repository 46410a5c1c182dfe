/** What sources list and operations ingest. */
import type { ImageRef, Key, StoredRow } from "./payloads.js";

/** One image to ingest, with the key of its future row. */
export interface IngestInput {
  readonly id: Key;
  readonly ref: ImageRef;
  /** A row of another collection that the new row stands for. The new row keeps its metadata and its time. */
  readonly row?: Pick<StoredRow, "facts" | "ingestedAt">;
}
