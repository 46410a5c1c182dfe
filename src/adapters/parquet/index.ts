/** Collections as Parquet files. */
export { openParquetRows } from "./reader.js";
export { createParquetRows, type ParquetCollection } from "./writer.js";
