/**
 * Writes files of deleted rows, and reads what such a file says about itself. All metadata of a row is one text: the types of a key may
 * differ between rows, and a first look at all rows, as an export takes it, would read them twice.
 */
import * as z from "zod";
import type { DeletionRecord, SizedRowWriter } from "../../contracts/index.js";
import { type CollectionDescription, describeCollectionFile, fileInvalid, metadataText } from "../../kit/index.js";
import { openParquetFile } from "./file.js";
import { builtInsOf, writeRows } from "./row-writer.js";
import { deletionKey, descriptionKey, parquetSchema, textMetadata } from "./schema.js";

/** What a file of deleted rows says about itself. */
export interface DeletedRowsHead extends DeletionRecord {
  /** Number of rows in the file. */
  readonly rows: number;
}

const record = z.object({ format: z.literal(1), collection: z.string(), command: z.string(), deletedAt: z.string() });

/** Begins a file of deleted rows. */
export function createDeletionFile(path: string, collection: CollectionDescription, deletion: DeletionRecord): Promise<SizedRowWriter> {
  return writeRows(path, {
    dimension: collection.dimension,
    schema: parquetSchema(collection, [textMetadata]),
    fileMetadata: [
      { key: descriptionKey, value: describeCollectionFile(collection) },
      { key: deletionKey, value: JSON.stringify({ format: 1, ...deletion }) },
    ],
    columnsOf: (rows) => [...builtInsOf(rows), { name: textMetadata.name, data: rows.map(({ facts }) => metadataText(facts.metadata)) }],
    errorOf: () => null,
  });
}

/** Throws `input_invalid` if the file is not a whole file of deleted rows. */
export async function readDeletedRowsHead(path: string): Promise<DeletedRowsHead> {
  const file = await openParquetFile(path);
  try {
    const { key_value_metadata: said, num_rows: rows } = file.metadata;
    const text = said?.find(({ key }) => key === deletionKey)?.value;
    if (text === undefined) throw fileInvalid(path, "expected a file of deleted rows, found another Parquet file");
    return { ...parseRecord(text, path), rows: Number(rows) };
  } finally {
    await file.close();
  }
}

function parseRecord(text: string, path: string): DeletionRecord {
  try {
    const { format: _, ...deletion } = record.parse(JSON.parse(text));
    return deletion;
  } catch (cause) {
    throw fileInvalid(path, "expected a record of a deletion, found other text", cause);
  }
}
