/** Reads and writes collections as Parquet files, and reads images from tables. */
export { createDeletionFile, type DeletedRowsHead, readDeletedRowsHead } from "./deleted-rows.js";
export { createPictureFile } from "./picture-file.js";
export { parquetReader } from "./reader.js";
export { openParquetRows } from "./row-source.js";
export { createParquetRows, type ParquetCollection } from "./row-writer.js";
export { openParquetTable } from "./table.js";
