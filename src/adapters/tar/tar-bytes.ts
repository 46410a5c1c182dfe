/** The bytes of a tar archive from its beginning to its end: of a file, which can be skipped through, or of a compressed file. */
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { blockBytes } from "./end-mark.js";
import { isDamage, wordsOf } from "./errors.js";

export interface TarBytes {
  /** Position of the next byte. */
  readonly position: number;
  /** Why the bytes ended early. null: they have not. */
  readonly problem: string | null;
  /** Returns the next bytes: fewer than `length` only at the end. */
  read(length: number): Promise<Buffer>;
  /** Returns how many bytes were skipped: fewer than `length` only at the end. */
  skip(length: number): Promise<number>;
  /** Skips null bytes in whole blocks, and in what is left of a block at the end. Returns the number of whole blocks. */
  skipNullBlocks(): Promise<number>;
  close(): Promise<void>;
}

const chunkBytes = 128 * blockBytes;

export function bytesOfFile(file: FileHandle, size: number): TarBytes {
  let position = 0;
  return {
    get position() {
      return position;
    },
    problem: null,
    async read(length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      position += bytesRead;
      return buffer.subarray(0, bytesRead);
    },
    async skip(length) {
      const skipped = Math.max(0, Math.min(length, size - position));
      position += skipped;
      return skipped;
    },
    async skipNullBlocks() {
      let blocks = 0;
      for (;;) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, position);
        const found = leadingNullBytes(buffer.subarray(0, bytesRead));
        position += found;
        blocks += Math.floor(found / blockBytes);
        if (found < chunkBytes) return blocks;
      }
    },
    close: async () => {},
  };
}

export function bytesOfGzip(path: string): TarBytes {
  const file = createReadStream(path);
  const unpacked = createGunzip();
  file.once("error", (error) => unpacked.destroy(error));
  const chunks = file.pipe(unpacked)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  let problem: string | null = null;
  const nextChunk = async (): Promise<Buffer | null> => {
    if (problem !== null) return null;
    try {
      const next = await chunks.next();
      return next.done === true ? null : next.value;
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      problem = `the compressed data is damaged or incomplete (${wordsOf(cause)})`;
      return null;
    }
  };
  /** Takes up to `length` bytes from the next chunk. null: the end. */
  const take = async (length: number): Promise<Buffer | null> => {
    while (rest.length === 0) {
      const next = await nextChunk();
      if (next === null) return null;
      rest = next;
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(taken.length);
    position += taken.length;
    return taken;
  };
  const read = async (length: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const part = await take(left);
      if (part === null) break;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  };
  return {
    get position() {
      return position;
    },
    get problem() {
      return problem;
    },
    read,
    async skip(length) {
      let left = length;
      while (left > 0) {
        const part = await take(left);
        if (part === null) break;
        left -= part.length;
      }
      return length - left;
    },
    async skipNullBlocks() {
      let blocks = 0;
      for (;;) {
        const chunk = await read(chunkBytes);
        const found = leadingNullBytes(chunk);
        blocks += Math.floor(found / blockBytes);
        if (found === chunkBytes) continue;
        rest = Buffer.concat([chunk.subarray(found), rest]);
        position -= chunk.length - found;
        return blocks;
      }
    },
    async close() {
      file.destroy();
      unpacked.destroy();
    },
  };
}

export function isNull(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Returns how many null bytes are at the beginning, in whole blocks, and in what is left of a block at the end. */
function leadingNullBytes(bytes: Buffer): number {
  let found = 0;
  while (found < bytes.length && isNull(bytes.subarray(found, found + blockBytes))) found += blockBytes;
  return Math.min(found, bytes.length);
}
