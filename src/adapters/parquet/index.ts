/** Reads and writes collections as Parquet files. */
export { openParquetRows } from "./row-source.js";
export { createParquetRows, type ParquetCollection } from "./row-writer.js";
