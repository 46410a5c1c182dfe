/** Opens tar archives, also compressed with gzip. */
import { type FileHandle, open } from "node:fs/promises";
import { type Archive, type ArchiveMember, HeadraceError, type MemberPlace } from "../../contracts/index.js";
import {
  fileCut,
  fileError,
  fileMark,
  fileVersion,
  halves,
  joinHalves,
  maxMemberTextBytes,
  mebibyte,
  memberError,
  memberName,
  memberNotFile,
  memberRef,
  memberUnreadable,
  memberVersion,
  type SourceFile,
} from "../../kit/index.js";
import { loadTar, type TarEntry, tarEntries } from "./entries.js";
import { wordsOf } from "./errors.js";
import { bytesOfFile, bytesOfGzip, type TarBytes } from "./tar-bytes.js";

/** Texts of a compressed archive are kept in memory, because they cannot be read again without all that is before them. */
const maxKeptTextBytes = 64 * mebibyte;

export interface TarOptions {
  readonly compression: "none" | "gzip";
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/** Throws `input_invalid` if the file cannot be opened. */
export async function openTarArchive(source: SourceFile, { compression, now = Date.now }: TarOptions): Promise<Archive> {
  const { path, copyOf } = source;
  await loadTar();
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const stats = await file.stat({ bigint: true });
    const version = copyOf?.version ?? fileVersion(stats, now());
    const mark = copyOf?.version ?? fileMark(stats);
    const scheme = compression === "none" ? "tar" : "tgz";
    return new TarArchive({ ...source, version, mark, sizeBytes: Number(stats.size), scheme }, file);
  } catch (cause) {
    await file?.close();
    throw fileError(cause, path, "read");
  }
}

interface TarFile extends SourceFile {
  readonly scheme: "tar" | "tgz";
  readonly version: string | null;
  /** See `fileMark`. */
  readonly mark: string;
  readonly sizeBytes: number;
}

class TarArchive implements Archive {
  /** The two halves of the offset, and the size. */
  readonly placeNumbers = 3;
  readonly #kept = new Map<number, string>();
  #keptBytes = 0;
  /** Where the data begins in which the archive ends. A compressed archive tells this only when it was read once. */
  #cutOffset: number | null = null;

  constructor(
    readonly tar: TarFile,
    readonly file: FileHandle,
  ) {}

  async *members(stop: AbortSignal, keepsText: (name: string) => boolean): AsyncGenerator<ArchiveMember> {
    const { scheme, path, sizeBytes } = this.tar;
    const bytes = scheme === "tar" ? bytesOfFile(this.file, sizeBytes) : bytesOfGzip(path);
    let last: number = 0;
    try {
      for await (const entry of tarEntries(bytes)) {
        if (stop.aborted) return;
        last = entry.offset;
        if (entry.kind === "damaged") this.#cutOffset = entry.inside;
        const member = this.#member(entry);
        // The damage that follows says where the archive ends.
        if (entry.kind !== "damaged" && this.#isCut(entry)) continue;
        const isKept = scheme !== "tgz" || member.problem !== undefined || !keepsText(member.name) || (await this.#keep(bytes, member));
        if (isKept) yield member;
      }
    } catch (cause) {
      if (HeadraceError.is(cause)) throw cause;
      yield this.#member({ kind: "damaged", offset: last, problem: wordsOf(cause), inside: null });
    } finally {
      await bytes.close();
    }
  }

  async text([high, low, size = 0]: MemberPlace): Promise<string> {
    const offset = joinHalves(high, low);
    const kept = this.#kept.get(offset);
    if (kept !== undefined) return kept;
    try {
      const { buffer, bytesRead } = await this.file.read(Buffer.alloc(size), 0, size, offset);
      if (bytesRead < size) throw memberUnreadable(this.tar.path, `the archive ends in a text at byte ${offset}`);
      return buffer.toString("utf8");
    } catch (cause) {
      throw memberError(cause, this.tar.path);
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }

  #member(entry: TarEntry): ArchiveMember {
    const { path, version, mark } = this.tar;
    if (entry.kind === "damaged") {
      const name = `byte ${entry.offset}`;
      const problem = fileCut(path, `from ${name} on its content is unknown: ${entry.problem}`);
      return { name, ref: memberRef(this.tar, name, { version: null, sizeBytes: null }), place: [0, 0, 0], problem, isRestUnknown: true };
    }
    const { offset, sizeBytes, type } = entry;
    const name = memberName(entry.name);
    const ref = memberRef(this.tar, name ?? `byte ${offset}`, {
      version: memberVersion(version, offset),
      sizeBytes,
      hints: { mark, at: String(offset), size: String(sizeBytes) },
    });
    const problem =
      name === null
        ? memberUnreadable(ref.uri, "expected a name of 1 to 4096 bytes, found another")
        : entry.kind === "other"
          ? memberNotFile(ref.uri, `an entry of the type ${type}`)
          : undefined;
    const place = [...halves(offset), Math.min(sizeBytes, 2 ** 32 - 1)];
    return { name: name ?? `byte ${offset}`, ref, place, ...(problem === undefined ? {} : { problem }) };
  }

  #isCut({ offset, sizeBytes }: { readonly offset: number; readonly sizeBytes: number }): boolean {
    return offset === this.#cutOffset || (this.tar.scheme === "tar" && offset + sizeBytes > this.tar.sizeBytes);
  }

  /** Returns false if the archive ends in the text. */
  async #keep(bytes: TarBytes, { place: [high, low, size = 0] }: ArchiveMember): Promise<boolean> {
    if (size > maxMemberTextBytes) return true;
    this.#keptBytes += size;
    if (this.#keptBytes > maxKeptTextBytes) {
      throw new HeadraceError("input_invalid", `${this.tar.path}: expected at most ${maxKeptTextBytes} bytes of texts, found more`, {
        item: this.tar.path,
        hint: "Decompress the archive with gunzip: an archive without compression has no such limit.",
      });
    }
    const text = await bytes.read(size);
    if (text.length < size) return false;
    this.#kept.set(joinHalves(high, low), text.toString("utf8"));
    return true;
  }
}
