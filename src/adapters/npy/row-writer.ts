/** Writes a collection for numpy; the three files appear under their names when all are whole. */
import { type FileHandle, open, rm } from "node:fs/promises";
import type { RowFailure, RowWriter, StoredRow } from "../../contracts/index.js";
import {
  type CollectionDescription,
  describeCollectionFile,
  fileError,
  npyHeader,
  npyHeaderBytes,
  partialPath,
  placeFiles,
  removePartials,
} from "../../kit/index.js";
import { npyPaths } from "./files.js";
import { lineOf } from "./lines.js";

/** Replaces what stands at `path`, when `finish` is called. */
export async function createNpyRows(path: string, collection: CollectionDescription): Promise<RowWriter> {
  const paths = npyPaths(path);
  const handles: FileHandle[] = [];
  try {
    for (const each of [paths.vectors, paths.rows, paths.description]) handles.push(await open(partialPath(each), "w"));
    const [vectors, rows, description] = handles as [FileHandle, FileHandle, FileHandle];
    await vectors.write(npyHeader({ rows: 0, dimension: collection.dimension }));
    await description.write(`${describeCollectionFile(collection)}\n`);
    return new NpyRowWriter(path, collection.dimension, vectors, rows, description);
  } catch (cause) {
    for (const handle of handles) await handle.close();
    await removePartials(Object.values(paths));
    throw fileError(cause, path, "written");
  }
}

class NpyRowWriter implements RowWriter {
  #rows = 0;
  #open = true;

  constructor(
    readonly path: string,
    readonly dimension: number,
    readonly vectors: FileHandle,
    readonly rows: FileHandle,
    readonly description: FileHandle,
  ) {}

  async write(rows: readonly StoredRow[]): Promise<readonly RowFailure[]> {
    const values = new Float32Array(rows.length * this.dimension);
    rows.forEach(({ vector }, row) => {
      if (vector !== null) values.set(vector, row * this.dimension);
    });
    await this.#do(async () => {
      await this.vectors.appendFile(new Uint8Array(values.buffer));
      await this.rows.appendFile(rows.map(lineOf).join(""));
    });
    this.#rows += rows.length;
    return [];
  }

  async finish(): Promise<void> {
    const { vectors, rows, description } = npyPaths(this.path);
    await this.#do(async () => {
      await this.vectors.write(npyHeader({ rows: this.#rows, dimension: this.dimension }), 0, npyHeaderBytes, 0);
      for (const handle of [this.vectors, this.rows, this.description]) await handle.datasync();
      await this.#close();
      await rm(description, { force: true });
    });
    await placeFiles([vectors, rows, description]);
  }

  async discard(): Promise<void> {
    await this.#close();
    const { vectors, rows, description } = npyPaths(this.path);
    await removePartials([vectors, rows, description]);
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw fileError(cause, this.path, "written");
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const handle of [this.vectors, this.rows, this.description]) await handle.close();
  }
}
