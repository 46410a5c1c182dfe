/** What a run would do, without doing it: for `--dry-run`. */
import type { Collection, ImageRef, Key } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { isKnown, type ListedMarks } from "../stages/index.js";
import type { IngestInput } from "./ingest.js";

export interface Preview {
  readonly listed: number;
  /** Stored already, with the same version, and with the metadata that is given, if any is. */
  readonly known: number;
  /** Would be read. */
  readonly fresh: number;
}

const chunkItems = 500;

/** `collection` is null when it does not exist yet. */
export async function preview(inputs: AsyncIterable<IngestInput>, collection: Collection | null, signal: AbortSignal): Promise<Preview> {
  let listed = 0;
  let known = 0;
  for await (const chunk of chunks(inputs)) {
    listed += chunk.length;
    if (collection !== null) known += await countKnown(chunk, collection, signal);
  }
  return { listed, known, fresh: listed - known };
}

async function countKnown(chunk: readonly IngestInput[], collection: Collection, signal: AbortSignal): Promise<number> {
  const ids: readonly Key[] = chunk.map(({ id }) => id);
  const found = await collection.known(ids, signal);
  return chunk.filter(({ id, ref }) => isKnown(marksOf(ref), found.get(id))).length;
}

function marksOf({ version, metadata }: ImageRef): ListedMarks {
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
