/** Writes a matrix, and one line of text per row, in chunks of about a megabyte. */
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

  /** `finish` replaces existing files. `description` is the text of the third file. Null: no third file. */
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

  /** Copies the vector. Null becomes zeros. */
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
