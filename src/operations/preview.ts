/** Finds out what a run would do, without doing it: for `--dry-run`. */
import type { Collection, ImageRef, Key } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { isKnown, type ListedFacts } from "../stages/index.js";
import type { IngestInput } from "./ingest.js";

/** What a run would do, in images: `listed = known + fresh + skipped + failed`. */
export interface Preview {
  readonly listed: number;
  /** Stored already, with the same version and, if the input has metadata, the same metadata. */
  readonly known: number;
  /** Images that would be read. */
  readonly fresh: number;
  /** Images that would be skipped without being read: duplicates, and bad lines that are to be skipped. */
  readonly skipped: number;
  /** Images that would fail without being read: bad lines and bad ids. Damaged images are not found before they are read. */
  readonly failed: number;
}

const chunkItems = 500;

/** Compares without reading images. `collection` is null when it does not exist. */
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
