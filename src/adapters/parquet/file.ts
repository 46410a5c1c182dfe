/** An open Parquet file: its metadata and its rows. */
import { type FileHandle, open } from "node:fs/promises";
import type { AsyncBuffer, FileMetaData } from "hyparquet";
import { fileError, fileInvalid, fileVersion, mebibyte } from "../../kit/index.js";
import { storedSchema } from "./columns.js";
import { notParquet, rowsUnreadable } from "./errors.js";
import { timeParsers } from "./times.js";
import { loadReader, type Reading } from "./vendor.js";

/** Largest size of the columns of a row group that are read together. Decoding them needs about eight times their size in memory. */
export const maxGroupBytes = 256 * mebibyte;

/** The rows to read: a part of one row group. */
export interface RowsRequest {
  readonly columns: readonly string[];
  readonly rowStart: number;
  readonly rowEnd: number;
  /** Whether a column of bytes without a type contains text. Images are "bytes". */
  readonly untyped: "text" | "bytes";
  /** "stored": dates and times are text, decimals and intervals are as the file stores them. Default: all are as hyparquet converts them. */
  readonly values?: "stored";
}

export interface ParquetFile {
  readonly path: string;
  readonly metadata: FileMetaData;
  /** See `fileVersion`. */
  readonly version: string | null;
  /** Throws `input_invalid`. */
  read(request: RowsRequest): Promise<readonly (readonly unknown[])[]>;
  close(): Promise<void>;
}

/** `now`: the current time in milliseconds. Throws `input_invalid` if the file cannot be read or is not a Parquet file. */
export async function openParquetFile(path: string, now: () => number = Date.now): Promise<ParquetFile> {
  const vendor = await loadReader();
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const file = handle;
    const buffer = await bufferOf(file);
    const metadata = await metadataOf(vendor, buffer, path);
    const version = fileVersion(await file.stat({ bigint: true }), now());
    return {
      path,
      metadata,
      version,
      read: (request) => readRows(vendor, buffer, metadata, request, path),
      close: () => file.close(),
    };
  } catch (cause) {
    await handle?.close();
    throw fileError(cause, path, "read");
  }
}

/** Throws `input_invalid` if the columns of a row group are too large to be read at once. */
export function checkGroups({ row_groups }: FileMetaData, columns: readonly string[], path: string): void {
  const sizes = row_groups.map((group) => groupBytes(group.columns, columns));
  const largest = sizes.reduce((most, bytes) => Math.max(most, bytes), 0);
  if (largest <= maxGroupBytes) return;
  const limit = `${maxGroupBytes / mebibyte} MiB`;
  throw fileInvalid(
    path,
    `expected row groups of at most ${limit}, found one of ${largest} bytes. Write the file with a smaller row_group_size`,
  );
}

type Chunks = FileMetaData["row_groups"][number]["columns"];

function groupBytes(chunks: Chunks, columns: readonly string[]): number {
  return chunks
    .flatMap(({ meta_data: data }) => (data !== undefined && columns.includes(data.path_in_schema[0] ?? "") ? [data] : []))
    .reduce((sum, data) => sum + Number(data.total_uncompressed_size), 0);
}

async function metadataOf({ parquet }: Reading, buffer: AsyncBuffer, path: string): Promise<FileMetaData> {
  try {
    return await parquet.parquetMetadataAsync(buffer, { geoparquet: false });
  } catch (cause) {
    throw notParquet(path, cause);
  }
}

async function readRows(
  { parquet, compressors }: Reading,
  file: AsyncBuffer,
  metadata: FileMetaData,
  { untyped, columns, values, ...range }: RowsRequest,
  path: string,
): Promise<readonly (readonly unknown[])[]> {
  try {
    let rows: readonly (readonly unknown[])[] = [];
    await parquet.parquetRead({
      ...range,
      file,
      metadata: values === "stored" ? { ...metadata, schema: storedSchema(metadata.schema) } : metadata,
      ...(values === "stored" ? { parsers: timeParsers } : {}),
      compressors,
      columns: [...columns],
      utf8: untyped === "text",
      useOffsetIndex: true,
      geoparquet: false,
      rowFormat: "array",
      onComplete: (read) => {
        rows = read as unknown[][];
      },
    });
    return rows;
  } catch (cause) {
    throw rowsUnreadable(path, cause);
  }
}

async function bufferOf(file: FileHandle): Promise<AsyncBuffer> {
  const { size } = await file.stat();
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      return bytes.buffer.slice(0, bytesRead);
    },
  };
}
