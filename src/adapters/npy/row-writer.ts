/** Writes a collection as three files for numpy. The files get their final names when all three are complete. */
import type { RowFailure, RowWriter, StoredRow } from "../../contracts/index.js";
import { type CollectionDescription, describeCollectionFile } from "../../kit/index.js";
import { npyPaths } from "./files.js";
import { lineOf } from "./lines.js";
import { MatrixWriter } from "./matrix-writer.js";

/** Begins an export. Existing files are replaced when `finish` is called. */
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
