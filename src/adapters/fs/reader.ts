/** Reads image files. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { checkAborted, fileMark, fileVersion, mebibyte } from "../../kit/index.js";
import { fromFileError } from "./errors.js";
import { type OpenCall, type OpenFile, openInPool, openWhereFast } from "./file-calls.js";

const maxAttempts = 3;
const chunkBytes = 4 * mebibyte;
/** Without O_NONBLOCK, opening a named pipe that has no writer would never return. Windows does not have this flag. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

export interface FileReaderOptions {
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
  /**
   * "pool": files are read in the threads of Node's pool. "here": in the calling thread, which waits, and in the pool while files are slow.
   * Default: "pool".
   */
  readonly calls?: "pool" | "here";
}

/** Makes a reader for the scheme `file`. Returns the bytes of a file and the file's version at the time when it had exactly these bytes. */
export function fileReader({ now = Date.now, calls = "pool" }: FileReaderOptions = {}): Reader {
  const open = calls === "here" ? openWhereFast() : openInPool;
  return { name: "fs", schemes: ["file"], read: (ref, options, signal) => read(ref, { ...options, now, open }, signal) };
}

interface ReadOptions {
  readonly maxBytes: number;
  readonly now: () => number;
  readonly open: OpenCall;
}

async function read(ref: ImageRef, options: ReadOptions, signal: AbortSignal): Promise<Encoded> {
  try {
    const file = await options.open(ref.location, openFlags);
    try {
      return await readStable(file, ref, options, signal);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fromFileError(error, ref.location);
  }
}

async function readStable(file: OpenFile, ref: ImageRef, options: ReadOptions, signal: AbortSignal): Promise<Encoded> {
  const { location } = ref;
  const listed = await readAsListed(file, ref, options, signal);
  if (listed !== null) return listed;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const before = await file.stat();
    if (before.isDirectory()) throw await folderError(location);
    if (!before.isFile()) throw new HeadraceError("source_not_file", `${location} is neither a file nor a folder`, { item: location });
    if (before.size > options.maxBytes)
      throw new HeadraceError("source_too_large", `${location}: expected at most ${options.maxBytes} bytes, found ${before.size}`, {
        item: location,
      });
    const bytes = await readBytes(file, Number(before.size), signal);
    const after = await file.stat();
    if (fileMark(after) === fileMark(before) && bytes.byteLength === Number(before.size))
      return { bytes, version: fileVersion(after, options.now()) };
  }
  throw new HeadraceError(
    "source_unreadable",
    `${location}: expected a file that does not change during reading, found changes in ${maxAttempts} attempts`,
    { item: location },
  );
}

/**
 * Reads a file with one `stat` call instead of two. If the version after reading equals the version in the listing, the file did not change
 * in between. Otherwise returns null.
 */
async function readAsListed(
  file: OpenFile,
  { version, sizeBytes }: ImageRef,
  { maxBytes, now }: ReadOptions,
  signal: AbortSignal,
): Promise<Encoded | null> {
  if (version === null || sizeBytes === null || sizeBytes > maxBytes) return null;
  const bytes = await readBytes(file, sizeBytes, signal);
  const after = await file.stat();
  return after.isFile() && bytes.byteLength === sizeBytes && fileVersion(after, now()) === version ? { bytes, version } : null;
}

async function readBytes(file: OpenFile, size: number, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    checkAborted(signal, "reading");
    const bytesRead = await file.read(bytes, filled, Math.min(chunkBytes, size - filled));
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Makes the error for a folder. A listing also contains folders that it could not read; the error then names the missing permission. */
async function folderError(location: string): Promise<HeadraceError> {
  try {
    await access(location, constants.R_OK | constants.X_OK);
  } catch (cause) {
    return new HeadraceError("source_forbidden", `${location}: expected permission to list the folder, found none`, {
      item: location,
      cause,
    });
  }
  return new HeadraceError("source_not_file", `${location}: expected a file, found a folder`, {
    item: location,
    hint: "Name the files in the folder. A program can list them with `listImages`; `headrace ingest` lists folders itself.",
  });
}
