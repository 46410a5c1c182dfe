/** Reads members of tar archives. A listed member is read by its position, a member that is only known by its name is searched. */
import { type FileHandle, open } from "node:fs/promises";
import type { Encoded, Reader } from "../../contracts/index.js";
import {
  checkAborted,
  fileMark,
  fileVersion,
  memberError,
  memberLocation,
  memberMissing,
  memberName,
  memberTooLarge,
  memberUnreadable,
  memberVersion,
} from "../../kit/index.js";
import { tarEntries } from "./entries.js";
import { GzipCursor } from "./gzip-cursor.js";
import { bytesOfFile, bytesOfGzip, type TarBytes } from "./tar-bytes.js";

export interface TarReaderOptions {
  /** "none" makes a reader for the scheme `tar`, "gzip" one for `tgz`. */
  readonly compression: "none" | "gzip";
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/** Compressed archives that are read at the same time. A run that goes from one archive to the next reads from two. */
const maxCursors = 2;

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Makes a reader for the scheme `tar` or `tgz`. The one for `tgz` remembers what it has unpacked, so all images should share one. */
export function tarReader({ compression, now = Date.now }: TarReaderOptions): Reader {
  let cursors: readonly { readonly key: string; readonly cursor: GzipCursor }[] = [];
  /** `mark`: changes with the archive. A cursor has read the archive as it was. */
  const cursorOf = async (path: string, mark: string): Promise<GzipCursor> => {
    const key = `${path}\n${mark}`;
    const found = cursors.find((each) => each.key === key);
    if (found !== undefined) return found.cursor;
    const cursor = new GzipCursor(path);
    const old = cursors.length < maxCursors ? undefined : cursors[0];
    cursors = [...cursors.filter((each) => each !== old), { key, cursor }];
    await old?.cursor.close();
    return cursor;
  };
  const bytesAt = async (file: FileHandle, path: string, { offset, sizeBytes }: Place): Promise<Uint8Array> => {
    if (compression === "gzip") {
      const cursor = await cursorOf(path, fileMark(await file.stat({ bigint: true })));
      return new Uint8Array(await cursor.read(offset, sizeBytes));
    }
    const bytes = new Uint8Array(sizeBytes);
    let filled = 0;
    while (filled < sizeBytes) {
      const { bytesRead } = await file.read(bytes, filled, sizeBytes - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  };
  return {
    name: compression === "none" ? "tar" : "tgz",
    schemes: [compression === "none" ? "tar" : "tgz"],
    async read(ref, { maxBytes }, signal): Promise<Encoded> {
      checkAborted(signal, "reading");
      const { path, name, hints } = memberLocation(ref.location);
      try {
        const file = await open(path, "r");
        try {
          const stats = await file.stat({ bigint: true });
          // The position counts only for the archive as it was listed. A retry may find another archive.
          const isListed = hints["mark"] === fileMark(stats) || ref.version !== null;
          const given = hints["at"] === undefined || !isListed ? null : { offset: Number(hints["at"]), sizeBytes: Number(hints["size"]) };
          const place = given ?? (await placeOf(name, compression === "gzip" ? bytesOfGzip(path) : bytesOfFile(file, Number(stats.size))));
          if (place === null) throw memberMissing(ref.uri);
          const version = memberVersion(fileVersion(stats, now()), place.offset);
          if (ref.version !== null && version !== null && ref.version !== version) {
            throw memberUnreadable(ref.uri, "expected the archive that was listed, found that it has changed");
          }
          if (place.sizeBytes > maxBytes) throw memberTooLarge(ref.uri, maxBytes, place.sizeBytes);
          const bytes = await bytesAt(file, path, place);
          if (bytes.byteLength === place.sizeBytes) return { bytes, version };
          throw memberUnreadable(ref.uri, `expected ${place.sizeBytes} bytes, found the end of the archive after ${bytes.byteLength}`);
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw memberError(cause, ref.uri);
      }
    },
    async close() {
      const old = cursors;
      cursors = [];
      await Promise.all(old.map(({ cursor }) => cursor.close()));
    },
  };
}

/** Returns the first file with this name, which is also the one that a listing names first. */
async function placeOf(name: string, bytes: TarBytes): Promise<Place | null> {
  try {
    for await (const entry of tarEntries(bytes)) {
      if (entry.kind === "file" && memberName(entry.name) === name) return entry;
    }
    return null;
  } finally {
    await bytes.close();
  }
}
