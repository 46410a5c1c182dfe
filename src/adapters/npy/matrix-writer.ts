/** Writes a `.npy` matrix and a second file with one line of text per row. Collects about a megabyte before each write. */
import { mebibyte, StagedFiles } from "../../kit/index.js";
import type { NpyPaths } from "./files.js";
import { npyHeader } from "./format.js";

const flushBytes = mebibyte;

export class MatrixWriter {
  #rows = 0;
  #vectors: Uint8Array[] = [];
  #lines = "";
  #pendingBytes = 0;

  private constructor(
    readonly paths: NpyPaths,
    readonly dimension: number,
    readonly files: StagedFiles,
  ) {}

  /** Existing files are replaced when `finish` is called. `description`: the text of a third file. Null: write no third file. */
  static async create(paths: NpyPaths, dimension: number, description: string | null): Promise<MatrixWriter> {
    const files = await StagedFiles.create([paths.vectors, paths.rows, ...(description === null ? [] : [paths.description])]);
    try {
      await files.append(paths.vectors, npyHeader({ rows: 0, dimension }));
      if (description !== null) await files.append(paths.description, description);
    } catch (error) {
      await files.discard();
      throw error;
    }
    return new MatrixWriter(paths, dimension, files);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Adds a row. Copies the vector; a vector that is null is written as zeros. */
  async add(vector: Float32Array | null, line: string): Promise<void> {
    const values = vector?.slice() ?? new Float32Array(this.dimension);
    this.#vectors.push(new Uint8Array(values.buffer));
    this.#lines += line;
    this.#rows += 1;
    this.#pendingBytes += values.byteLength;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.files.overwrite(this.paths.vectors, npyHeader({ rows: this.#rows, dimension: this.dimension }));
    await this.files.place();
  }

  discard(): Promise<void> {
    return this.files.discard();
  }

  async #flush(): Promise<void> {
    await this.files.append(this.paths.vectors, Buffer.concat(this.#vectors.splice(0)));
    await this.files.append(this.paths.rows, this.#lines);
    this.#lines = "";
    this.#pendingBytes = 0;
  }
}
