/** Writes a collection for numpy. The three files get their final names when all are complete. */
import type { RowFailure, RowWriter, StoredRow } from "../../contracts/index.js";
import { type CollectionDescription, describeCollectionFile } from "../../kit/index.js";
import { npyPaths } from "./files.js";
import { lineOf } from "./lines.js";
import { MatrixWriter } from "./matrix-writer.js";

/** `finish` replaces existing files. */
export async function createNpyRows(path: string, collection: CollectionDescription): Promise<RowWriter> {
  const description = `${describeCollectionFile(collection)}\n`;
  return new NpyRowWriter(await MatrixWriter.create(npyPaths(path), collection.dimension, description));
}

class NpyRowWriter implements RowWriter {
  constructor(readonly matrix: MatrixWriter) {}

  async write(rows: readonly StoredRow[]): Promise<readonly RowFailure[]> {
    for (const row of rows) await this.matrix.add(row.vector, lineOf(row));
    return [];
  }

  finish(): Promise<void> {
    return this.matrix.finish();
  }

  discard(): Promise<void> {
    return this.matrix.discard();
  }
}
