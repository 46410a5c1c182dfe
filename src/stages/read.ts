/** Fetches the encoded bytes, by the reader of the ref's scheme. */
import { type Encoded, HeadraceError, type ImageRef, type Item, type Reader, type Result, type Stage } from "../contracts/index.js";
import { advance, fingerprint } from "../kit/index.js";

export interface ReadOptions {
  /** The most bytes of one encoded image. */
  readonly maxBytes: number;
  /** What the item will need beside its encoded bytes (tensor and vector), in bytes. */
  readonly reserveBytes: number;
}

/** Borrows open readers. Reads each item alone; a batch of one is the usual lane. */
export function readStage(readers: readonly Reader[], options: ReadOptions): Stage<ImageRef, Encoded> {
  return {
    name: "read",
    process: (batch, signal) => Promise.all(batch.map((item) => readItem(item, readers, options, signal))),
  };
}

/** The first one that knows the ref's scheme. Throws `source_unreadable`. */
export function readerFor(readers: readonly Reader[], { scheme, uri }: ImageRef): Reader {
  const reader = readers.find(({ schemes }) => schemes.includes(scheme));
  if (reader !== undefined) return reader;
  const known = new Set(readers.flatMap(({ schemes }) => schemes));
  throw new HeadraceError("source_unreadable", `No reader for "${scheme}:" is configured: ${uri}.`, {
    item: uri,
    retryable: false,
    hint: `Download the image first, or bring a reader of your own. Sources that can be read here: ${[...known].join(", ")}.`,
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
