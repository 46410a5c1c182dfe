/** Computes what an ingestion would do without running it, for `--dry-run`. */
import type { Collection, IngestInput } from "../contracts/index.js";
import { compare } from "./compare.js";

/** What an ingestion would do, as numbers of images: `listed = known + fresh + skipped + failed`. */
export interface Preview {
  readonly listed: number;
  /** Images that are already stored with the same version. If the input has metadata, the stored metadata is the same too. */
  readonly known: number;
  /** Images that a run would read. */
  readonly fresh: number;
  /** Images that a run would skip without reading them: duplicates, and invalid manifest lines with `--on-bad-line skip`. */
  readonly skipped: number;
  /**
   * Images that would fail without being read: invalid manifest lines and invalid ids. Damaged images count as fresh, because they are not
   * read here.
   */
  readonly failed: number;
}

/** Compares inputs with the collection without reading images. `collection` is null when the collection does not exist. */
export async function preview(inputs: AsyncIterable<IngestInput>, collection: Collection | null, signal: AbortSignal): Promise<Preview> {
  const { unchanged: known, skipped, failed, ...toRead } = await compare(inputs, collection, { signal });
  const fresh = toRead.new + toRead.changed + toRead.unclear;
  return { listed: known + fresh + skipped + failed, known, fresh, skipped, failed };
}
