/** Writes vectors to a `.npy` file that numpy reads, and their ids and sources to a JSON Lines file in the same order. */
import { type FileHandle, open } from "node:fs/promises";
import { HeadraceError, type Key } from "../contracts/index.js";
import { npyHeader, npyHeaderBytes } from "../kit/index.js";

const flushBytes = 1 << 20;

/** Writes float32 vectors, all of one dimension. */
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

  /** Creates or overwrites two files: `path`, and `path` followed by `.jsonl`. */
  static async open(path: string, dimension: number): Promise<NpyWriter> {
    try {
      const file = await open(path, "w");
      const sidecar = await open(sidecarPath(path), "w");
      await file.write(npyHeader({ rows: 0, dimension }));
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

  /** Writes the remaining rows, and the number of rows into the header. */
  async close(): Promise<void> {
    await this.#flush();
    await this.file.write(npyHeader({ rows: this.#rows, dimension: this.dimension }), 0, npyHeaderBytes, 0);
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
