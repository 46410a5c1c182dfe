/** Reads the body of an answer in bounded memory. */
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { ReadOptions } from "../../contracts/index.js";
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
 * `source_unreadable` for an unknown compression, and the errors of the connection and of `admit`.
 */
export async function readBody(
  url: string,
  { stream, headers }: Body,
  { maxBytes, admit = async () => undefined }: ReadOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > maxBytes) {
    discard(stream);
    throw tooLarge(url, maxBytes, String(announced));
  }
  const sizeBytes = announced > 0 && encodingOf(headers) === "identity" ? announced : null;
  // The connection may break while nobody reads from it. `pipeline` then finds the error.
  stream.on("error", () => {});
  try {
    await admit(sizeBytes ?? maxBytes);
  } catch (error) {
    discard(stream);
    throw error;
  }
  const collected = new Collected(maxBytes, sizeBytes);
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
  const encoding = encodingOf(headers);
  if (encoding === "identity") return null;
  const make = decoders[encoding];
  if (make !== undefined) return make();
  discard(stream);
  throw unreadable(
    url,
    "an answer that is compressed with gzip, deflate or br, or not at all",
    `content-encoding ${JSON.stringify(encoding)}`,
  );
}

function encodingOf(headers: Body["headers"]): string {
  const encoding = String(headers["content-encoding"] ?? "")
    .trim()
    .toLowerCase();
  return encoding === "" ? "identity" : encoding;
}

class Collected {
  readonly #maxBytes: number;
  /** Memory for a body of known size. Its chunks are copied as they arrive, so that they are not in memory twice. */
  readonly #whole: Uint8Array | null;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number, sizeBytes: number | null) {
    this.#maxBytes = sizeBytes ?? maxBytes;
    this.#whole = sizeBytes === null ? null : new Uint8Array(sizeBytes);
  }

  get isTooLarge(): boolean {
    return this.#size > this.#maxBytes;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of source) {
      const at = this.#size;
      this.#size += chunk.byteLength;
      if (this.isTooLarge) return;
      if (this.#whole === null) this.#chunks.push(chunk);
      else this.#whole.set(chunk, at);
    }
  }

  /** Returns all bytes in a buffer of their own. */
  bytes(): Uint8Array {
    if (this.#whole !== null) return this.#size === this.#whole.byteLength ? this.#whole : this.#whole.slice(0, this.#size);
    const all = new Uint8Array(this.#size);
    let filled = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, filled);
      filled += chunk.byteLength;
    }
    return all;
  }
}
