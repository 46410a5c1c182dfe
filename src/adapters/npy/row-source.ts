import { type FileHandle, open, readFile } from "node:fs/promises";
import type { Metric, Passport, RowSource, StoredRow } from "../../contracts/index.js";
import {
  type CollectionDescription,
  checkAborted,
  fileError,
  fileInvalid,
  parseCollectionDescription,
  textLines,
} from "../../kit/index.js";
import { type NpyPaths, npyPaths } from "./files.js";
import { parseNpyHeader } from "./format.js";
import { rowOf } from "./lines.js";

/** Number of bytes that are read to parse the header of a matrix. */
const maxHeaderBytes = 4096;
const scanRows = 1000;

/** Reads a collection that was exported for numpy. Throws `input_invalid` unless the three files belong together. */
export async function openNpyRows(path: string): Promise<RowSource> {
  const paths = npyPaths(path);
  const description = parseCollectionDescription(await textOf(paths.description), paths.description);
  const file = await opened(paths.vectors);
  try {
    const start = Buffer.alloc(maxHeaderBytes);
    const { bytesRead } = await file.read(start, 0, maxHeaderBytes, 0);
    const header = parseNpyHeader(start.subarray(0, bytesRead));
    if (header === null) throw fileInvalid(path, "expected a .npy matrix of float32 in row order, found another file");
    if (header.dimension !== description.dimension) {
      throw fileInvalid(
        path,
        `expected vectors of ${description.dimension} numbers, as in ${paths.description}, found ${header.dimension}`,
      );
    }
    const { size } = await file.stat();
    const expected = header.headerBytes + header.rows * header.dimension * Float32Array.BYTES_PER_ELEMENT;
    if (size !== expected) throw fileInvalid(path, `expected ${expected} bytes for ${header.rows} rows, found ${size}`);
    return new NpyRows(paths, description, file, header.rows, header.headerBytes);
  } catch (cause) {
    await file.close();
    throw fileError(cause, path, "read");
  }
}

class NpyRows implements RowSource {
  readonly name: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly idType: "text" | "int64";
  readonly passport: Passport | null;

  constructor(
    readonly paths: NpyPaths,
    description: CollectionDescription,
    readonly file: FileHandle,
    readonly rows: number,
    readonly headerBytes: number,
  ) {
    this.name = paths.vectors;
    this.dimension = description.dimension;
    this.metric = description.metric;
    this.idType = description.idType;
    this.passport = description.passport;
  }

  async count(): Promise<number> {
    return this.rows;
  }

  async *scan({ vectors, batchRows = scanRows, signal }: Parameters<RowSource["scan"]>[0]): AsyncGenerator<readonly StoredRow[]> {
    const lines = await opened(this.paths.rows);
    try {
      let at = 0;
      for await (const batch of batches(lines, batchRows)) {
        if (signal !== undefined) checkAborted(signal, this.name);
        if (at + batch.length > this.rows) break;
        const values = vectors === "omit" ? null : await this.#vectors(at, batch.length);
        yield batch.map((line, row) => rowOf(line, this.idType, this.#vectorAt(values, row), this.paths.rows));
        at += batch.length;
      }
      if (at !== this.rows) throw fileInvalid(this.paths.rows, `expected a line for each of ${this.rows} rows, found another number`);
    } catch (cause) {
      throw fileError(cause, this.name, "read");
    } finally {
      await lines.close();
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async #vectors(from: number, rows: number): Promise<Float32Array> {
    const bytes = new Uint8Array(rows * this.dimension * Float32Array.BYTES_PER_ELEMENT);
    const position = this.headerBytes + from * this.dimension * Float32Array.BYTES_PER_ELEMENT;
    const { bytesRead } = await this.file.read(bytes, 0, bytes.byteLength, position);
    if (bytesRead !== bytes.byteLength) throw fileInvalid(this.name, "expected more bytes, found the end of the file");
    return new Float32Array(bytes.buffer);
  }

  #vectorAt(values: Float32Array | null, row: number): Float32Array | null {
    return values === null ? null : values.slice(row * this.dimension, (row + 1) * this.dimension);
  }
}

async function* batches(file: FileHandle, size: number): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  for await (const line of textLines(file.createReadStream({ encoding: "utf8", autoClose: false }))) {
    batch.push(line);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}
