/** Reads the body of an answer in bounded memory. */
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { tooLarge, unreadable } from "./errors.js";

export interface Body {
  readonly stream: Readable;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * Returns the whole body, decompressed. Stops as soon as more than `maxBytes` have arrived or were decompressed. Throws `source_too_large`,
 * `source_unreadable` for an unknown compression, and the errors of the connection.
 */
export async function readBody(url: string, { stream, headers }: Body, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > maxBytes) {
    discard(stream);
    throw tooLarge(url, maxBytes, String(announced));
  }
  const collected = new Collected(maxBytes);
  try {
    await passBody(url, { stream, headers }, (source) => collected.write(source), signal);
  } catch (error) {
    if (!collected.isTooLarge) throw error;
  }
  if (collected.isTooLarge) throw tooLarge(url, maxBytes, "more");
  return collected.bytes();
}

/** Passes the body on, decompressed. Throws `source_unreadable` for an unknown compression, and the errors of the connection and of `take`. */
export async function passBody(
  url: string,
  { stream, headers }: Body,
  take: (source: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const decoder = decoderOf(url, headers, stream);
  if (decoder === null) await pipeline(stream, take, { signal });
  else await pipeline(stream, decoder, take, { signal });
}

/** Closes the connection of an answer whose body nobody needs. */
export function discard(stream: Readable): void {
  // undici reports its own closing as an error of the stream.
  stream.on("error", () => {}).destroy();
}

function decoderOf(url: string, headers: Body["headers"], stream: Readable): Transform | null {
  const encoding = String(headers["content-encoding"] ?? "identity")
    .trim()
    .toLowerCase();
  if (encoding === "identity" || encoding === "") return null;
  const make = decoders[encoding];
  if (make !== undefined) return make();
  discard(stream);
  throw unreadable(
    url,
    "an answer that is compressed with gzip, deflate or br, or not at all",
    `content-encoding ${JSON.stringify(encoding)}`,
  );
}

class Collected {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isTooLarge(): boolean {
    return this.#size > this.#maxBytes;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of source) {
      this.#size += chunk.byteLength;
      if (this.isTooLarge) return;
      this.#chunks.push(chunk);
    }
  }

  /** Returns all bytes in a buffer of their own. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let filled = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, filled);
      filled += chunk.byteLength;
    }
    return all;
  }
}
