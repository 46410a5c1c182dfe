/** Reads parts of a compressed archive. The parts are asked for nearly in their order, so the archive is unpacked about once. */
import { mebibyte, SerialQueue } from "../../kit/index.js";
import { bytesOfGzip, type TarBytes } from "./tar-bytes.js";

/** How far back a part may be without unpacking the archive again from its beginning. */
const windowBytes = 32 * mebibyte;
const chunkBytes = 256 * 1024;

export class GzipCursor {
  readonly #queue = new SerialQueue();
  #bytes: TarBytes | null = null;
  /** The unpacked bytes before the position of `#bytes`. */
  #chunks: Buffer[] = [];
  #keptBytes = 0;

  constructor(readonly path: string) {}

  /** Returns fewer bytes than `size` only at the end of the archive. */
  read(offset: number, size: number): Promise<Buffer> {
    return this.#queue.run(() => this.#read(offset, size));
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#restart());
  }

  async #read(offset: number, size: number): Promise<Buffer> {
    if (this.#bytes === null || offset < this.#bytes.position - this.#keptBytes) {
      await this.#restart();
      this.#bytes = bytesOfGzip(this.path);
    }
    const bytes = this.#bytes;
    while (bytes.position < offset + size) {
      const chunk = await bytes.read(Math.min(chunkBytes, offset + size - bytes.position));
      if (chunk.length === 0) break;
      this.#chunks.push(chunk);
      this.#keptBytes += chunk.length;
      this.#forget(offset);
    }
    return this.#part(bytes.position - this.#keptBytes, offset, size);
  }

  /** Copies only the chunks that contain the part. `start`: where the first chunk begins. */
  #part(start: number, offset: number, size: number): Buffer {
    const parts: Buffer[] = [];
    let at = start;
    for (const chunk of this.#chunks) {
      const end = at + chunk.length;
      if (at >= offset + size) break;
      if (end > offset) parts.push(chunk.subarray(Math.max(0, offset - at), offset + size - at));
      at = end;
    }
    return Buffer.concat(parts);
  }

  /** Lets go of chunks that are neither in the window nor part of what is being read. */
  #forget(offset: number): void {
    const end = this.#bytes?.position ?? 0;
    while (this.#chunks.length > 1) {
      const first = this.#chunks[0] as Buffer;
      const firstEnd = end - this.#keptBytes + first.length;
      if (firstEnd > offset || this.#keptBytes - first.length < windowBytes) return;
      this.#chunks.shift();
      this.#keptBytes -= first.length;
    }
  }

  async #restart(): Promise<void> {
    await this.#bytes?.close();
    this.#bytes = null;
    this.#chunks = [];
    this.#keptBytes = 0;
  }
}
