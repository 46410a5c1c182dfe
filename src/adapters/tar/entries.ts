/** Finds the entries of a tar archive by their headers. The data of an entry is read only on request. */
import { blockBytes, endMarkProblem } from "./end-mark.js";
import { packageMissing } from "./errors.js";
import { isNull, type TarBytes } from "./tar-bytes.js";

/** Largest extended header, such as a long name. */
const maxExtensionBytes = 1024 * 1024;

export type TarEntry =
  | {
      readonly kind: "file" | "other";
      /** As it is written in the archive. */
      readonly name: string;
      /** The type in the header, such as "SymbolicLink". */
      readonly type: string;
      /** Where the data begins in the unpacked archive. */
      readonly offset: number;
      readonly sizeBytes: number;
    }
  | TarDamage;

/** The archive cannot be read further. It is the last entry. */
export interface TarDamage {
  readonly kind: "damaged";
  /** From this byte of the unpacked archive on, its content is unknown. */
  readonly offset: number;
  readonly problem: string;
  /** `offset` of the entry in whose data the archive ends. null: it ends elsewhere. */
  readonly inside: number | null;
}

export async function loadTar(): Promise<typeof import("tar")> {
  return import("tar").catch(packageMissing);
}

/**
 * Streams the entries, those of archives that were appended to the first one included. The consumer may read the data of an entry from
 * `bytes` before it asks for the next entry.
 */
export async function* tarEntries(bytes: TarBytes): AsyncGenerator<TarEntry> {
  const { Header, Pax } = await loadTar();
  type Extension = ConstructorParameters<typeof Header>[2];
  let global: Extension;
  let next: Extension;
  let archiveStart = 0;
  /** Where the first header of the next entry begins. */
  let entryStart = 0;
  let isEnded = false;
  const damage = (problem: string, inside: number | null = null): TarDamage => {
    return { kind: "damaged", offset: entryStart, problem: bytes.problem ?? problem, inside };
  };
  for (;;) {
    if (next === undefined) entryStart = bytes.position;
    const block = await bytes.read(blockBytes);
    if (block.length < blockBytes) {
      if (block.length > 0) yield damage("the archive ends in the middle of a header");
      else if (!isEnded || bytes.problem !== null) yield damage("the archive ends without an end mark");
      return;
    }
    if (isNull(block)) {
      const nullBlocks = 1 + (await bytes.skipNullBlocks());
      const problem =
        next === undefined ? endMarkProblem(nullBlocks, bytes.position - archiveStart) : "expected a header, found null bytes";
      if (problem !== null) {
        yield damage(problem);
        return;
      }
      archiveStart = bytes.position;
      isEnded = true;
      global = undefined;
      continue;
    }
    const header = new Header(block, 0, next, global);
    if (!header.cksumValid) {
      yield damage("expected a header with a valid checksum, found other bytes");
      return;
    }
    isEnded = false;
    const sizeBytes = header.size ?? 0;
    const padded = Math.ceil(sizeBytes / blockBytes) * blockBytes;
    if (isExtension(header.type)) {
      const text = sizeBytes > maxExtensionBytes ? null : await bytes.read(padded);
      if (text === null || text.length < sizeBytes) {
        yield damage(`expected an extended header of at most ${maxExtensionBytes} bytes, found ${sizeBytes}, or the end of the archive`);
        return;
      }
      const value = text.toString("utf8", 0, sizeBytes);
      if (header.type === "GlobalExtendedHeader") global = Pax.parse(value, global, true);
      else if (header.type === "ExtendedHeader" || header.type === "OldExtendedHeader") next = Pax.parse(value, next) ?? {};
      else if (!/Linkpath/.test(header.type)) next = { ...next, path: value.replace(/\0.*$/s, "") };
      continue;
    }
    next = undefined;
    const isFile = ["File", "OldFile", "ContiguousFile"].includes(header.type);
    const offset = bytes.position;
    const name = header.path ?? "";
    if (header.type !== "Directory" && header.type !== "GNUDumpDir") {
      yield { kind: isFile ? "file" : "other", name, type: header.type, offset, sizeBytes };
    }
    const left = offset + padded - bytes.position;
    if ((await bytes.skip(left)) < left) {
      yield damage(`the archive ends in ${JSON.stringify(name)}`, offset);
      return;
    }
  }
}

function isExtension(type: string): boolean {
  return /Extended|LongPath|LongLinkpath/.test(type);
}
