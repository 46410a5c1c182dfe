/** Reads the bytes of images. The URI scheme of an image decides which reader is used. */

import type { DecodingReader, Unread } from "../chain/index.js";
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
import { advance, fingerprint, metadataBytes } from "../kit/index.js";

export interface ReadOptions {
  /** Maximum size of one encoded image. */
  readonly maxFileBytes: number;
  /** Memory that an image will use for its tensor and vector, in bytes. The size of the encoded image is added to this. */
  readonly reserveBytes: number;
}

/** The readers must be open. The stage does not close the readers. All images of a batch are read at the same time. */
export function readStage(readers: readonly Reader[], options: ReadOptions): Stage<LookedUpRef, Encoded> {
  return {
    name: "read",
    process: (batch, signal) => Promise.all(batch.map((item) => readItem(item, readerFor(readers, item.value), options, signal))),
  };
}

/** Like `readStage`, but leaves images to the decode stage if their reader can decode. For runs that do not need the bytes in between. */
export function readOrLeaveStage(readers: readonly Reader[], options: ReadOptions): Stage<LookedUpRef, Encoded | Unread> {
  const leave = (item: Item<LookedUpRef>): Item<Unread> | null => {
    const decoding = decodingOf(findReader(readers, item.value));
    if (decoding === null) return null;
    const unread: Unread = { readAndDecode: (target, stop) => decoding(item.value, { maxBytes: options.maxFileBytes, target }, stop) };
    return advance(item, unread, item.bytes);
  };
  const process = (item: Item<LookedUpRef>, signal: AbortSignal): Result<Unread> | Promise<Result<Encoded>> => {
    const left = leave(item);
    return left === null ? readItem(item, readerFor(readers, item.value), options, signal) : { kind: "ok", item: left };
  };
  return {
    name: "read",
    process: (batch, signal) => Promise.all(batch.map((item) => process(item, signal))),
    passOn: (batch) => {
      const left: Item<Unread>[] = [];
      for (const item of batch) {
        const passed = leave(item);
        if (passed === null) return null;
        left.push(passed);
      }
      return left;
    },
  };
}

function decodingOf(reader: Reader | undefined): DecodingReader["readAndDecode"] {
  return reader !== undefined && "readAndDecode" in reader ? (reader as DecodingReader).readAndDecode : null;
}

function findReader(readers: readonly Reader[], { scheme }: ImageRef): Reader | undefined {
  return readers.find(({ schemes }) => schemes.includes(scheme));
}

/** Returns the first reader for the URI scheme of the image. Throws `source_unreadable` if no reader has this scheme. */
export function readerFor(readers: readonly Reader[], ref: ImageRef): Reader {
  const reader = findReader(readers, ref);
  if (reader !== undefined) return reader;
  const { scheme, uri } = ref;
  // A scheme such as tar+http is that of a member of an archive. Nobody writes it.
  const known = new Set(readers.flatMap(({ schemes }) => schemes).filter((name) => !name.includes("+")));
  throw new HeadraceError("source_unreadable", `${uri}: expected a source with a configured reader, found the scheme "${scheme}:"`, {
    item: uri,
    retryable: false,
    hint: `Download the image first, or pass your own reader. Schemes with a reader: ${[...known].join(", ")}.`,
  });
}

async function readItem(
  item: Item<LookedUpRef>,
  reader: Reader,
  { maxFileBytes: maxBytes, reserveBytes }: ReadOptions,
  signal: AbortSignal,
): Promise<Result<Encoded>> {
  const { storedVersion } = item.value;
  const encoded =
    storedVersion === undefined || reader.readIfChanged === undefined
      ? await reader.read(item.value, { maxBytes }, signal)
      : await reader.readIfChanged(item.value, { maxBytes, storedVersion }, signal);
  if (encoded === null) return { kind: "skip", seq: item.seq, reason: "known" };
  const facts = { ...item.facts, version: encoded.version ?? "", content: encoded.content ?? fingerprint(encoded.bytes) };
  return { kind: "ok", item: advance(item, encoded, encoded.bytes.byteLength + reserveBytes + metadataBytes(facts.metadata), facts) };
}
