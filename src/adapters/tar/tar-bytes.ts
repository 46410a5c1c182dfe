/** The bytes of a tar archive from its beginning to its end: of a file, which can be skipped through, or of a compressed file. */
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { createGunzip } from "node:zlib";

export interface TarBytes {
  /** Position of the next byte. */
  readonly position: number;
  /** Returns the next bytes: fewer than `length` only at the end. */
  read(length: number): Promise<Buffer>;
  /** Returns how many bytes were skipped: fewer than `length` only at the end. */
  skip(length: number): Promise<number>;
  close(): Promise<void>;
}

export function bytesOfFile(file: FileHandle, size: number): TarBytes {
  let position = 0;
  return {
    get position() {
      return position;
    },
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
  /** Takes up to `length` bytes from the next chunk. null: the end. */
  const take = async (length: number): Promise<Buffer | null> => {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return null;
      rest = next.value;
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(taken.length);
    position += taken.length;
    return taken;
  };
  return {
    get position() {
      return position;
    },
    async read(length) {
      const parts: Buffer[] = [];
      for (let left = length; left > 0; ) {
        const part = await take(left);
        if (part === null) break;
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    },
    async skip(length) {
      let left = length;
      while (left > 0) {
        const part = await take(left);
        if (part === null) break;
        left -= part.length;
      }
      return length - left;
    },
    async close() {
      file.destroy();
      unpacked.destroy();
    },
  };
}
