/** Fetches the encoded bytes, by the reader of the ref's scheme. */
import { type Encoded, HeadraceError, type ImageRef, type Item, type Reader, type Result, type Stage } from "../contracts/index.js";
import { advance, fingerprint } from "../kit/index.js";

export interface ReadOptions {
  /** The most bytes of one encoded image. */
  readonly maxBytes: number;
  /** What the item will need beside its encoded bytes (tensor and vector), in bytes. */
  readonly reserveBytes: number;
}

/** Reads each item alone; a batch of one is the usual lane. */
export function readStage(readers: readonly Reader[], options: ReadOptions): Stage<ImageRef, Encoded> {
  const byScheme = new Map(readers.toReversed().flatMap((reader) => reader.schemes.map((scheme) => [scheme, reader] as const)));
  return {
    name: "read",
    async open(signal) {
      for (const reader of readers) await reader.open?.(signal);
    },
    async close() {
      for (const reader of readers) await reader.close?.();
    },
    process: (batch, signal) => Promise.all(batch.map((item) => readItem(item, byScheme, options, signal))),
  };
}

async function readItem(
  item: Item<ImageRef>,
  readers: ReadonlyMap<string, Reader>,
  { maxBytes, reserveBytes }: ReadOptions,
  signal: AbortSignal,
): Promise<Result<Encoded>> {
  const ref = item.value;
  const reader = readers.get(ref.scheme);
  if (reader === undefined) {
    const error = new HeadraceError("source_unreadable", `No reader for "${ref.scheme}:" is configured: ${ref.uri}.`, {
      item: ref.uri,
      retryable: false,
      hint: `Download the image first, or bring a reader of your own. Sources that can be read here: ${[...readers.keys()].join(", ")}.`,
    });
    return { kind: "fail", seq: item.seq, error };
  }
  const encoded = await reader.read(ref, { maxBytes }, signal);
  const facts = { ...item.facts, version: encoded.version ?? "", content: fingerprint(encoded.bytes) };
  return { kind: "ok", item: advance(item, encoded, encoded.bytes.byteLength + reserveBytes, facts) };
}
