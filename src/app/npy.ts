/** Writes vectors as a `.npy` file that numpy reads, and their ids and sources beside it, line by line in the same order. */
import { type FileHandle, open } from "node:fs/promises";
import { HeadraceError, type Key } from "../contracts/index.js";

/** Bytes of the header: magic, version, length and the padded description. */
const headerBytes = 128;
const flushBytes = 1 << 20;

/** Rows of float32 numbers, all of one dimension. */
export class NpyWriter {
  #rows = 0;
  #vectors: Uint8Array[] = [];
  #lines = "";
  #pendingBytes = 0;

  private constructor(
    readonly dimension: number,
    readonly file: FileHandle,
    readonly sidecar: FileHandle,
  ) {}

  /** Replaces both files: `path`, and `path` with `.jsonl` added. */
  static async open(path: string, dimension: number): Promise<NpyWriter> {
    try {
      const file = await open(path, "w");
      const sidecar = await open(sidecarPath(path), "w");
      await file.write(header(0, dimension));
      return new NpyWriter(dimension, file, sidecar);
    } catch (cause) {
      throw new HeadraceError("state_unwritable", `${path} cannot be written: ${(cause as Error).message}.`, { item: path, cause });
    }
  }

  get rows(): number {
    return this.#rows;
  }

  async write(row: { readonly id: Key; readonly source: string; readonly vector: Float32Array }): Promise<void> {
    const bytes = new Uint8Array(row.vector.slice().buffer);
    this.#vectors.push(bytes);
    this.#lines += `${JSON.stringify({ id: String(row.id), source: row.source })}\n`;
    this.#rows += 1;
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  /** Writes the rest and the true number of rows. */
  async close(): Promise<void> {
    await this.#flush();
    await this.file.write(header(this.#rows, this.dimension), 0, headerBytes, 0);
    await this.file.close();
    await this.sidecar.close();
  }

  async #flush(): Promise<void> {
    const vectors = Buffer.concat(this.#vectors.splice(0));
    const lines = this.#lines;
    this.#lines = "";
    this.#pendingBytes = 0;
    if (vectors.length > 0) await this.file.appendFile(vectors);
    if (lines !== "") await this.sidecar.appendFile(lines);
  }
}

export function sidecarPath(path: string): string {
  return `${path}.jsonl`;
}

/** Version 1.0 of the format: little-endian float32, row by row. */
function header(rows: number, dimension: number): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`;
  const bytes = Buffer.alloc(headerBytes, " ");
  bytes.write("\x93NUMPY\x01\x00", 0, "latin1");
  bytes.writeUInt16LE(headerBytes - 10, 8);
  bytes.write(description, 10, "latin1");
  bytes.write("\n", headerBytes - 1, "latin1");
  return bytes;
}
