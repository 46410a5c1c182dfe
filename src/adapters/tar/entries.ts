/** Finds the entries of a tar archive by their headers. The data of an entry is read only on request. */
import { packageMissing } from "./errors.js";
import type { TarBytes } from "./tar-bytes.js";

export const blockBytes = 512;
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
  /** The archive cannot be read further. */
  | { readonly kind: "damaged"; readonly offset: number; readonly problem: string };

export async function loadTar(): Promise<typeof import("tar")> {
  return import("tar").catch(packageMissing);
}

/** Streams the entries. The consumer may read the data of an entry from `bytes` before it asks for the next entry. */
export async function* tarEntries(bytes: TarBytes): AsyncGenerator<TarEntry> {
  const { Header, Pax } = await loadTar();
  type Extension = ConstructorParameters<typeof Header>[2];
  let global: Extension;
  let next: Extension;
  for (;;) {
    const start = bytes.position;
    const block = await bytes.read(blockBytes);
    if (block.length === 0) return;
    if (block.length < blockBytes) {
      yield { kind: "damaged", offset: start, problem: "the archive ends in the middle of a header" };
      return;
    }
    const header = new Header(block, 0, next, global);
    if (header.nullBlock) return;
    if (!header.cksumValid) {
      yield { kind: "damaged", offset: start, problem: "expected a header with a valid checksum, found other bytes" };
      return;
    }
    const sizeBytes = header.size ?? 0;
    const padded = Math.ceil(sizeBytes / blockBytes) * blockBytes;
    if (isExtension(header.type)) {
      const text = sizeBytes > maxExtensionBytes ? null : await bytes.read(padded);
      if (text === null || text.length < sizeBytes) {
        yield {
          kind: "damaged",
          offset: start,
          problem: `expected an extended header of at most ${maxExtensionBytes} bytes, found ${sizeBytes}`,
        };
        return;
      }
      const value = text.toString("utf8", 0, sizeBytes);
      if (header.type === "GlobalExtendedHeader") global = Pax.parse(value, global, true);
      else if (header.type === "ExtendedHeader" || header.type === "OldExtendedHeader") next = Pax.parse(value, next);
      else if (!/Linkpath/.test(header.type)) next = { ...next, path: value.replace(/\0.*$/s, "") };
      continue;
    }
    next = undefined;
    const isFile = ["File", "OldFile", "ContiguousFile"].includes(header.type);
    const offset = bytes.position;
    if (header.type !== "Directory" && header.type !== "GNUDumpDir") {
      yield { kind: isFile ? "file" : "other", name: header.path ?? "", type: header.type, offset, sizeBytes };
    }
    const left = offset + padded - bytes.position;
    if ((await bytes.skip(left)) < left) return;
  }
}

function isExtension(type: string): boolean {
  return /Extended|LongPath|LongLinkpath/.test(type);
}
