/** Reads the encoded bytes with the reader for the scheme of the reference. */
import { type Encoded, HeadraceError, type ImageRef, type Item, type Reader, type Result, type Stage } from "../contracts/index.js";
import { advance, fingerprint } from "../kit/index.js";

export interface ReadOptions {
  /** Maximum size of one encoded image. */
  readonly maxBytes: number;
  /** Memory that the item will need in addition to its encoded bytes: tensor and vector. */
  readonly reserveBytes: number;
}

/** The readers must be open; the stage does not close them. Each item is read on its own, usually in batches of one. */
export function readStage(readers: readonly Reader[], options: ReadOptions): Stage<ImageRef, Encoded> {
  return {
    name: "read",
    process: (batch, signal) => Promise.all(batch.map((item) => readItem(item, readers, options, signal))),
  };
}

/** The first reader for the scheme of the reference. Throws `source_unreadable`. */
export function readerFor(readers: readonly Reader[], { scheme, uri }: ImageRef): Reader {
  const reader = readers.find(({ schemes }) => schemes.includes(scheme));
  if (reader !== undefined) return reader;
  const known = new Set(readers.flatMap(({ schemes }) => schemes));
  throw new HeadraceError("source_unreadable", `${uri}: expected a source with a configured reader, found the scheme "${scheme}:"`, {
    item: uri,
    retryable: false,
    hint: `Download the image first, or pass your own reader. Schemes with a reader: ${[...known].join(", ")}.`,
  });
}

async function readItem(
  item: Item<ImageRef>,
  readers: readonly Reader[],
  { maxBytes, reserveBytes }: ReadOptions,
  signal: AbortSignal,
): Promise<Result<Encoded>> {
  const encoded = await readerFor(readers, item.value).read(item.value, { maxBytes }, signal);
  const facts = { ...item.facts, version: encoded.version ?? "", content: fingerprint(encoded.bytes) };
  return { kind: "ok", item: advance(item, encoded, encoded.bytes.byteLength + reserveBytes, facts) };
}
