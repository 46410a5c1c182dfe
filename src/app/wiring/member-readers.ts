/** Reads images inside remote tables and archives: from a copy on the disk, with the reader of the local format. */
import type { DecodingReader, ReadAndDecode } from "../../chain/index.js";
import { type Encoded, HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { type MemberScheme, memberRef, memberVersion, type RemoteMember, remoteMember, remoteMemberSchemes } from "../../kit/index.js";
import type { OpenCopy, RemoteCopies } from "../../sources/index.js";

const formats: readonly MemberScheme[] = ["tar", "tgz", "zip", "parquet"];

/** Makes a reader for each format that one of the readers reads. They decode if the local reader does. */
export function remoteMemberReaders(readers: readonly Reader[], copies: RemoteCopies): readonly Reader[] {
  return formats.flatMap((format) => {
    const local = readers.find(({ schemes }) => schemes.includes(format));
    return local === undefined ? [] : [memberReader(format, local, copies)];
  });
}

function memberReader(format: MemberScheme, local: Reader, copies: RemoteCopies): Reader {
  const use = async <T extends { readonly version: string | null }>(
    ref: ImageRef,
    signal: AbortSignal,
    read: (local: ImageRef) => Promise<T>,
  ): Promise<T> => {
    const member = remoteMember(ref.location);
    const copy = await copies.lease(member.file, "read", signal);
    try {
      checkUnchanged(ref, copy);
      // The same object: decode workers recognise what they have read, and need not copy it.
      return Object.assign(await read(localRef(ref, member, copy)), { version: versionOf(member, copy) });
    } finally {
      copy.release();
    }
  };
  const reader: Reader = {
    name: `${format} from elsewhere`,
    schemes: remoteMemberSchemes(format),
    read: (ref, options, signal) => use<Encoded>(ref, signal, (found) => local.read(found, options, signal)),
  };
  if (!("readAndDecode" in local)) return reader;
  const readAndDecode = (): ReadAndDecode | null => {
    const decoding = (local as DecodingReader).readAndDecode;
    return decoding === null ? null : (ref, options, signal) => use(ref, signal, (found) => decoding(found, options, signal));
  };
  return Object.defineProperty(reader, "readAndDecode", { get: readAndDecode });
}

/** The positions of members count only for the file as it was listed. A retry may find another file, in which the name is searched. */
function isListed({ hints }: RemoteMember, { version }: OpenCopy): boolean {
  return hints["mark"] === version;
}

function localRef(ref: ImageRef, member: RemoteMember, copy: OpenCopy): ImageRef {
  const hints = isListed(member, copy) ? { ...member.hints, mark: copy.mark } : {};
  const file = { scheme: member.scheme, path: copy.path, uri: ref.root };
  const { location } = memberRef(file, member.name, { version: null, sizeBytes: null, hints });
  return { ...ref, scheme: member.scheme, location, version: null };
}

function versionOf(member: RemoteMember, copy: OpenCopy): string | null {
  if (member.scheme === "parquet") return copy.version;
  return isListed(member, copy) ? memberVersion(copy.version, Number(member.hints["at"])) : null;
}

function checkUnchanged({ version, uri }: ImageRef, copy: OpenCopy): void {
  if (version === null || version === copy.version || version.startsWith(`${copy.version}@`)) return;
  throw new HeadraceError("source_unreadable", `${uri}: expected the file that was listed, found that it has changed`, {
    item: uri,
    retryable: false,
  });
}
