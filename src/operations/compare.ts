/** Compares the images of a source with the rows of a collection, without reading images. */
import type { Collection, IngestInput, Key, KnownRow } from "../contracts/index.js";
import { metadataHash } from "../kit/index.js";
import { isKnown } from "../stages/index.js";

/** How a listed image compares with its row. "unclear": the listing does not know the version, so only reading the image can tell. */
export type Standing = "new" | "changed" | "unchanged" | "unclear" | "skipped" | "failed";

/** The numbers of listed images by standing. */
export type Standings = Readonly<Record<Standing, number>>;

const chunkItems = 500;

/**
 * Compares inputs with the collection. `collection` is null when the collection does not exist. `onImage` is called for each image, in the
 * order of the inputs.
 */
export async function compare(
  inputs: AsyncIterable<IngestInput>,
  collection: Pick<Collection, "known"> | null,
  { signal, onImage }: { readonly signal: AbortSignal; readonly onImage?: (input: IngestInput, standing: Standing) => void },
): Promise<Standings> {
  const counts = { new: 0, changed: 0, unchanged: 0, unclear: 0, skipped: 0, failed: 0 };
  for await (const chunk of chunks(inputs)) {
    const listed = chunk.filter(({ ref }) => ref.refused === undefined);
    const ids = listed.map(({ id }) => id);
    const versions = new Map(listed.flatMap(({ id, ref: { version } }) => (version === null ? [] : [[id, version] as const])));
    const known = collection === null ? new Map<Key, KnownRow>() : await collection.known(ids, signal, versions);
    for (const input of chunk) {
      const standing = standingOf(input, known.get(input.id));
      counts[standing] += 1;
      onImage?.(input, standing);
    }
  }
  return counts;
}

function standingOf({ ref }: IngestInput, row: KnownRow | undefined): Standing {
  if (ref.refused !== undefined) return ref.refused.kind === "skip" ? "skipped" : "failed";
  if (row === undefined) return "new";
  const listed = { version: ref.version, metadataHash: ref.metadata === null ? null : metadataHash(ref.metadata) };
  if (isKnown(listed, row)) return "unchanged";
  return listed.version === null ? "unclear" : "changed";
}

export async function* chunks(inputs: AsyncIterable<IngestInput>): AsyncGenerator<readonly IngestInput[]> {
  let chunk: IngestInput[] = [];
  for await (const input of inputs) {
    chunk.push(input);
    if (chunk.length < chunkItems) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
