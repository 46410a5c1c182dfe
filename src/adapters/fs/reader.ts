/** Reads image files. */
import { constants } from "node:fs";
import { access, type FileHandle, open } from "node:fs/promises";
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { checkAborted, mebibyte } from "../../kit/index.js";
import { fromFileError } from "./errors.js";
import { fileMark, fileVersion } from "./version.js";

const maxAttempts = 3;
const chunkBytes = 4 * mebibyte;
/** A pipe without a writer would otherwise hold the open call for ever. Absent on Windows. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

export interface FileReaderOptions {
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

/** A reader of the scheme `file`. The version it gives belongs to exactly the bytes it gives. */
export function fileReader({ now = Date.now }: FileReaderOptions = {}): Reader {
  return { name: "fs", schemes: ["file"], read: (ref, options, signal) => read(ref, { ...options, now }, signal) };
}

interface ReadOptions {
  readonly maxBytes: number;
  readonly now: () => number;
}

async function read(ref: ImageRef, options: ReadOptions, signal: AbortSignal): Promise<Encoded> {
  try {
    const handle = await open(ref.location, openFlags);
    try {
      return await readStable(handle, ref, options, signal);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fromFileError(error, ref.location);
  }
}

async function readStable(handle: FileHandle, ref: ImageRef, options: ReadOptions, signal: AbortSignal): Promise<Encoded> {
  const { location } = ref;
  const listed = await readAsListed(handle, ref, options, signal);
  if (listed !== null) return listed;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const before = await handle.stat({ bigint: true });
    if (before.isDirectory()) throw await folderError(location);
    if (!before.isFile()) throw new HeadraceError("source_not_file", `${location} is neither a file nor a folder`, { item: location });
    if (before.size > options.maxBytes)
      throw new HeadraceError("source_too_large", `${location} has ${before.size} bytes, the limit is ${options.maxBytes}`, {
        item: location,
      });
    const bytes = await readBytes(handle, Number(before.size), signal);
    const after = await handle.stat({ bigint: true });
    if (fileMark(after) === fileMark(before) && bytes.byteLength === Number(before.size))
      return { bytes, version: fileVersion(after, options.now()) };
  }
  throw new HeadraceError("source_unreadable", `${location} changes while it is read`, { item: location });
}

/** The listing has looked at the file already: when it is the same after reading, it was the same before. Null when it is not. */
async function readAsListed(
  handle: FileHandle,
  { version, sizeBytes }: ImageRef,
  { maxBytes, now }: ReadOptions,
  signal: AbortSignal,
): Promise<Encoded | null> {
  if (version === null || sizeBytes === null || sizeBytes > maxBytes) return null;
  const bytes = await readBytes(handle, sizeBytes, signal);
  const after = await handle.stat({ bigint: true });
  return after.isFile() && bytes.byteLength === sizeBytes && fileVersion(after, now()) === version ? { bytes, version } : null;
}

async function readBytes(handle: FileHandle, size: number, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    checkAborted(signal, "reading");
    const { bytesRead } = await handle.read(bytes, filled, Math.min(chunkBytes, size - filled), filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A listing hands over folders that it could not enter: say why. */
async function folderError(location: string): Promise<HeadraceError> {
  try {
    await access(location, constants.R_OK | constants.X_OK);
  } catch (cause) {
    return new HeadraceError("source_forbidden", `The folder ${location} cannot be listed`, { item: location, cause });
  }
  return new HeadraceError("source_not_file", `${location} is a folder`, {
    item: location,
    hint: "Name the files in it; a program lists them with `listImages`, the command `headrace ingest` by itself.",
  });
}
