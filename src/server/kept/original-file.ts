/** Sends the file of an image as it was embedded. It goes out in pieces, and never lies in memory as a whole. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";

export interface OriginalFile {
  /** The first bytes, enough to tell the format. */
  readonly head: Uint8Array;
  readonly sizeBytes: number;
  readonly stream: () => Readable;
}

export interface ExpectedFile {
  /** SHA-256 of its bytes in hex. */
  readonly content: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Without O_NONBLOCK, opening a named pipe that has no writer would never return. Windows does not have this flag. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const headBytes = 64;
const gone: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EISDIR", "ENXIO", "ELOOP"]);

/** Returns null unless the file has exactly the expected bytes. */
export async function originalFile(path: string, { content, maxBytes, signal }: ExpectedFile): Promise<OriginalFile | null> {
  const file = await open(path, openFlags).catch(absent);
  if (file === null) return null;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) return null;
    const hash = createHash("sha256");
    let head = Buffer.alloc(0);
    for await (const piece of pieces(file, stats.size)) {
      signal.throwIfAborted();
      if (head.byteLength === 0) head = Buffer.from(piece.subarray(0, headBytes));
      hash.update(piece);
    }
    if (hash.digest("hex") !== content) return null;
    return { head, sizeBytes: stats.size, stream: () => Readable.from(sent(path, stats)) };
  } finally {
    await file.close();
  }
}

type Known = Readonly<Record<"ino" | "size" | "mtimeMs", number>>;

/** Opens the file when its first piece is asked for, because a client may be gone by then. */
async function* sent(path: string, known: Known): AsyncGenerator<Buffer> {
  await using file = await open(path, openFlags);
  const { ino, size, mtimeMs } = await file.stat();
  // Nothing but an end of the connection can tell the client now.
  if (ino !== known.ino || size !== known.size || mtimeMs !== known.mtimeMs) return;
  yield* pieces(file, size);
}

async function* pieces(file: FileHandle, sizeBytes: number): AsyncGenerator<Buffer> {
  if (sizeBytes > 0) yield* file.createReadStream({ start: 0, end: sizeBytes - 1, autoClose: false });
}

function absent(error: NodeJS.ErrnoException): null {
  if (gone.has(error.code)) return null;
  throw error;
}
