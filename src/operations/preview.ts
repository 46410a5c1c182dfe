/** Computes what an ingestion would do without running it, for `--dry-run`. */
import type { Collection, ImageRef, Key } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { isKnown, type ListedFacts } from "../stages/index.js";
import type { IngestInput } from "./ingest.js";

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

const chunkItems = 500;

/** Compares inputs with the collection without reading images. `collection` is null when the collection does not exist. */
export async function preview(inputs: AsyncIterable<IngestInput>, collection: Collection | null, signal: AbortSignal): Promise<Preview> {
  const counts = { listed: 0, known: 0, fresh: 0, skipped: 0, failed: 0 };
  for await (const chunk of chunks(inputs)) {
    const refused = chunk.flatMap((input) => input.ref.refused ?? []);
    const accepted = chunk.filter((input) => input.ref.refused === undefined);
    const known = collection === null ? 0 : await countKnown(accepted, collection, signal);
    counts.listed += chunk.length;
    counts.known += known;
    counts.fresh += accepted.length - known;
    for (const { kind } of refused) counts[kind === "skip" ? "skipped" : "failed"] += 1;
  }
  return counts;
}

async function countKnown(chunk: readonly IngestInput[], collection: Collection, signal: AbortSignal): Promise<number> {
  const ids: readonly Key[] = chunk.map(({ id }) => id);
  const found = await collection.known(ids, signal);
  return chunk.filter(({ id, ref }) => isKnown(marksOf(ref), found.get(id))).length;
}

function marksOf({ version, metadata }: ImageRef): ListedFacts {
  return { version, metadataHash: metadata === null ? null : metadataHash(metadata) };
}

async function* chunks(inputs: AsyncIterable<IngestInput>): AsyncGenerator<readonly IngestInput[]> {
  let chunk: IngestInput[] = [];
  for await (const input of inputs) {
    chunk.push(input);
    if (chunk.length < chunkItems) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
