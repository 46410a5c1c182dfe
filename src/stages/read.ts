/** Reads the bytes of images. The URI scheme of an image decides which reader is used. */
import {
  type Encoded,
  HeadraceError,
  type ImageRef,
  type Item,
  type LookedUpRef,
  type Reader,
  type Result,
  type Stage,
} from "../contracts/index.js";
import { advance, fingerprint } from "../kit/index.js";

export interface ReadOptions {
  /** Maximum size of one encoded image. */
  readonly maxBytes: number;
  /** Memory that an image will use for its tensor and vector, in bytes. The size of the encoded image is added to this. */
  readonly reserveBytes: number;
}

/** The readers must be open. The stage does not close the readers. All images of a batch are read at the same time. */
export function readStage(readers: readonly Reader[], options: ReadOptions): Stage<LookedUpRef, Encoded> {
  return {
    name: "read",
    process: (batch, signal) => Promise.all(batch.map((item) => readItem(item, readers, options, signal))),
  };
}

/** Returns the first reader for the URI scheme of the image. Throws `source_unreadable` if no reader has this scheme. */
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
  item: Item<LookedUpRef>,
  readers: readonly Reader[],
  { maxBytes, reserveBytes }: ReadOptions,
  signal: AbortSignal,
): Promise<Result<Encoded>> {
  const { storedVersion } = item.value;
  const reader = readerFor(readers, item.value);
  const encoded =
    storedVersion === undefined || reader.readIfChanged === undefined
      ? await reader.read(item.value, { maxBytes }, signal)
      : await reader.readIfChanged(item.value, { maxBytes, storedVersion }, signal);
  if (encoded === null) return { kind: "skip", seq: item.seq, reason: "known" };
  const facts = { ...item.facts, version: encoded.version ?? "", content: encoded.content ?? fingerprint(encoded.bytes) };
  return { kind: "ok", item: advance(item, encoded, encoded.bytes.byteLength + reserveBytes, facts) };
}
