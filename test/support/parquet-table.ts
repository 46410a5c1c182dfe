/** Writes Parquet files with columns of the tests' choice. */
import { writeFile } from "node:fs/promises";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";

export async function writeParquet(path: string, columnData: ColumnSource[], rowGroupSize = 1000): Promise<void> {
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize })));
}
