/** Makes what lists inputs, cuts them into parts, watches them, and opens tables and archives. An adapter is imported when it is first needed. */
import { extname } from "node:path";
import type {
  FileListingOptions,
  FileLook,
  FilePart,
  FolderWatch,
  FolderWatchOptions,
  ListedFolder,
  PathRange,
} from "../adapters/fs/index.js";
import type { HttpSettings } from "../adapters/http/options.js";
import type { BucketPart, KeyRange, listBucket, ObjectLooks } from "../adapters/s3/index.js";
import type { S3Settings } from "../adapters/s3/options.js";
import type { Archive, ImageRef, Listing, Reader, Table } from "../contracts/index.js";
import type { SourceFile } from "../kit/index.js";

export type { FolderWatch, KeyRange, ObjectLooks, PathRange };

export async function makeListing(
  inputs: Iterable<string> | AsyncIterable<string>,
  options: Pick<FileListingOptions, "naming" | "onLeftOut" | "onSource" | "range">,
): Promise<Listing> {
  const { listFiles } = await import("../adapters/fs/index.js");
  return listFiles(inputs, options);
}

/** Lists the images of a bucket, or below a prefix. */
export async function makeBucketListing(address: string, options: Parameters<typeof listBucket>[1]): Promise<Listing> {
  return (await import("../adapters/s3/index.js")).listBucket(address, options);
}

/** Looks whether a file below a listed folder is gone. */
export async function lookAtFile(path: string, folder: ListedFolder): Promise<FileLook> {
  return (await import("../adapters/fs/index.js")).lookAtFile(path, folder);
}

/** Returns when a file got its present content or name, in milliseconds since the epoch; null if nobody knows. */
export async function changeTimeMs(path: string): Promise<number | null> {
  return (await import("../adapters/fs/index.js")).changeTimeMs(path);
}

/** Opens what looks whether objects exist. The caller closes it. */
export async function makeObjectLooks(settings: S3Settings): Promise<ObjectLooks> {
  return (await import("../adapters/s3/index.js")).openObjectLooks(settings);
}

/** Cuts a folder, a glob or a file into parts. */
export async function* splitFiles(input: string, filesPerPart: number, stop: AbortSignal): AsyncGenerator<FilePart> {
  yield* (await import("../adapters/fs/index.js")).splitFiles(input, filesPerPart, stop);
}

/** Cuts a bucket, or what is below a prefix, into parts. */
export async function* splitBucket(
  address: string,
  imagesPerPart: number,
  settings: S3Settings,
  stop: AbortSignal,
): AsyncGenerator<BucketPart> {
  yield* (await import("../adapters/s3/index.js")).splitBucket(address, imagesPerPart, { settings }, stop);
}

export async function makeFolderWatch(folder: string, options: FolderWatchOptions): Promise<FolderWatch> {
  return (await import("../adapters/fs/index.js")).watchFolder(folder, options);
}

/** Returns the number of files that a listing of the same inputs yields. */
export async function countFiles(inputs: Iterable<string> | AsyncIterable<string>, stop: AbortSignal): Promise<number> {
  return (await import("../adapters/fs/index.js")).countFiles(inputs, stop);
}

/** Opens a table. The extension of the file decides the format. Throws `input_invalid`. */
export async function openTable(file: SourceFile, stop: AbortSignal): Promise<Table> {
  const extension = extname(file.path).toLowerCase();
  if (extension === ".parquet") return (await import("../adapters/parquet/index.js")).openParquetTable(file);
  return (await import("../adapters/csv/index.js")).openCsvTable(file.path, extension === ".csv" ? "," : "\t", stop);
}

/** Opens an archive. The extension of the file decides the format. Throws `input_invalid`. */
export async function openArchive(file: SourceFile): Promise<Archive> {
  const extension = extname(file.path).toLowerCase();
  if (extension === ".zip") return (await import("../adapters/zip/index.js")).openZipArchive(file);
  const { openTarArchive } = await import("../adapters/tar/index.js");
  return openTarArchive(file, { compression: extension === ".tar" ? "none" : "gzip" });
}

/** Returns a function that makes the ref of a file. The file does not have to exist. */
export async function makeFileRefs(): Promise<(path: string) => Promise<ImageRef>> {
  const { fileRef } = await import("../adapters/fs/index.js");
  return fileRef;
}

/** Makes the readers of web servers and buckets. The caller closes them. */
export async function makeRemoteReaders({
  http,
  s3,
}: {
  readonly http: HttpSettings;
  readonly s3: S3Settings;
}): Promise<readonly Reader[]> {
  const [{ httpReader }, { s3Reader }] = await Promise.all([import("../adapters/http/index.js"), import("../adapters/s3/index.js")]);
  return [httpReader(http), s3Reader(s3)];
}
