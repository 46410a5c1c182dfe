/** Opens zip archives. Their directory is at the end, so the members are listed without reading them. */

import { open } from "node:fs/promises";
import { type Archive, type ArchiveMember, HeadraceError, type MemberPlace } from "../../contracts/index.js";
import {
  fileCut,
  fileError,
  fileMark,
  fileVersion,
  halves,
  joinHalves,
  maxMemberTextBytes,
  memberError,
  memberName,
  memberNotFile,
  memberRef,
  memberUnreadable,
  memberVersion,
  type SourceFile,
} from "../../kit/index.js";
import { openDirectory, type ZipEntry } from "./directory.js";
import { wordsOf } from "./errors.js";
import { methods, unpack } from "./unpack.js";

export interface ZipOptions {
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/** Throws `input_invalid` if the file cannot be read or is not a zip archive. */
export async function openZipArchive(source: SourceFile, { now = Date.now }: ZipOptions = {}): Promise<Archive> {
  const { path, copyOf } = source;
  try {
    const file = await open(path, "r");
    try {
      const stats = await file.stat({ bigint: true });
      const version = copyOf?.version ?? fileVersion(stats, now());
      (await openDirectory(path)).close();
      return new ZipArchive({ ...source, version, mark: copyOf?.version ?? fileMark(stats) });
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(cause, path, "read");
  }
}

class ZipArchive implements Archive {
  /** The two halves of the offset, the method, and the sizes before and after unpacking. */
  readonly placeNumbers = 5;

  constructor(readonly zip: SourceFile & { readonly version: string | null; readonly mark: string }) {}

  async *members(stop: AbortSignal): AsyncGenerator<ArchiveMember> {
    const directory = await openDirectory(this.zip.path);
    try {
      for await (const entry of directory.entries()) {
        if (stop.aborted) return;
        if (!entry.name.endsWith("/")) yield this.#member(entry);
      }
    } catch (cause) {
      if (HeadraceError.is(cause)) throw cause;
      const problem = fileCut(this.zip.path, `the directory of the archive is damaged: ${wordsOf(cause)}`, cause);
      const ref = memberRef({ ...this.zip, scheme: "zip" }, "directory", { version: null, sizeBytes: null });
      yield { name: "directory", ref, place: [0, 0, 0, 0, 0], problem, isRestUnknown: true };
    } finally {
      directory.close();
    }
  }

  async text([high, low, method = 0, packedBytes = 0, sizeBytes = 0]: MemberPlace): Promise<string> {
    const item = this.zip.path;
    try {
      const place = { offset: joinHalves(high, low), method, packedBytes, sizeBytes };
      return Buffer.from(await unpack(item, item, place, maxMemberTextBytes)).toString("utf8");
    } catch (cause) {
      throw memberError(cause, item);
    }
  }

  async close(): Promise<void> {}

  #member(entry: ZipEntry): ArchiveMember {
    const { place } = entry;
    const shown = memberName(entry.name);
    const name = shown ?? `byte ${place.offset}`;
    const ref = memberRef({ ...this.zip, scheme: "zip" }, name, {
      version: memberVersion(this.zip.version, place.offset),
      sizeBytes: place.sizeBytes,
      hints: {
        mark: this.zip.mark,
        at: String(place.offset),
        method: String(place.method),
        packed: String(place.packedBytes),
        size: String(place.sizeBytes),
      },
    });
    const numbers = [place.method, place.packedBytes, place.sizeBytes].map((value) => Math.min(value, 2 ** 32 - 1));
    const problem = problemOf(entry, shown, ref.uri);
    return { name, ref, place: [...halves(place.offset), ...numbers], ...(problem === null ? {} : { problem }) };
  }
}

function problemOf(entry: ZipEntry, name: string | null, item: string): HeadraceError | null {
  if (name === null) return memberUnreadable(item, "expected a name of 1 to 4096 bytes, found another");
  if (entry.isEncrypted) return memberUnreadable(item, "expected a file without a password, found an encrypted one");
  if (entry.isLink) return memberNotFile(item, "a link");
  if (methods.has(entry.place.method)) return null;
  return memberUnreadable(item, `expected the compression deflate or none, found method ${entry.place.method}`);
}
