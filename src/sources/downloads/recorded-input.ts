/** One listed image as a line of a record. What follows from the file is left out, so a line has no password and no signature. */
import type { ImageRef, IngestInput, Key, Metadata } from "../../contracts/index.js";
import { isRemoteMemberUri, keyOf, type MemberScheme, memberRef, type RemoteFile, remoteMember } from "../../kit/index.js";

/** A line. Fields that are absent have their usual values. */
export type RecordedInput = (RecordedMember | RecordedAddress) & {
  /** Absent: derived from the URI. */
  readonly id?: string;
  /** An id that is a whole number. */
  readonly number?: string;
  readonly metadata?: Metadata;
  readonly line?: string;
  readonly sizeBytes?: number;
};

/** An image inside the file. */
interface RecordedMember {
  readonly scheme: MemberScheme;
  readonly name: string;
  readonly hints: Readonly<Record<string, string>>;
  /** What follows the version of the file in that of the image. */
  readonly version?: string;
}

/** An image elsewhere. */
interface RecordedAddress {
  readonly uri: string;
  readonly version?: string;
}

/** Returns null for an image that cannot be recorded: it has failed, or its address has a password or a signature. */
export function recordedInput({ id, ref, row }: IngestInput, file: RemoteFile & { readonly version: string }): RecordedInput | null {
  const place = placeOf(ref, file);
  const { metadata, line, sizeBytes } = ref;
  const isPlain = ref.refused === undefined && ref.data === undefined && row === undefined && ref.root === file.uri;
  if (place === null || !isPlain || (metadata !== null && !isExactInJson(metadata))) return null;
  return {
    ...place,
    ...idOf(id, ref.uri),
    ...(metadata === null ? {} : { metadata }),
    ...(line === undefined ? {} : { line }),
    ...(sizeBytes === null ? {} : { sizeBytes }),
  };
}

/** The reverse of `recordedInput`. */
export function inputOfRecord(recorded: RecordedInput, file: RemoteFile & { readonly version: string }): IngestInput {
  const { id, number, metadata = null, line, sizeBytes = null } = recorded;
  const ref = { ...refOf(recorded, file, sizeBytes), root: file.uri, metadata, ...(line === undefined ? {} : { line }) };
  return { id: number === undefined ? (id ?? keyOf(ref.uri)) : BigInt(number), ref };
}

function placeOf({ uri, location, scheme, version }: ImageRef, file: RemoteFile & { readonly version: string }) {
  if (!isRemoteMemberUri(location)) return isOpenAddress(uri, location) ? { uri, ...(version === null ? {} : { version }) } : null;
  const member = remoteMember(location);
  if (member.file.uri !== file.uri || !scheme.endsWith(`+${file.scheme}`)) return null;
  const { mark, ...hints } = member.hints;
  if (mark !== undefined && mark !== file.version) return null;
  const place = { scheme: member.scheme, name: member.name, hints };
  if (version === null) return place;
  return version.startsWith(file.version) ? { ...place, version: version.slice(file.version.length) } : null;
}

function refOf(recorded: RecordedInput, file: RemoteFile & { readonly version: string }, sizeBytes: number | null): ImageRef {
  if ("uri" in recorded) {
    const { uri, version = null } = recorded;
    return { uri, location: uri, scheme: uri.slice(0, uri.indexOf(":")), root: file.uri, version, sizeBytes, metadata: null };
  }
  const { scheme, name, hints, version } = recorded;
  const known = { version: version === undefined ? null : `${file.version}${version}`, sizeBytes };
  return memberRef({ scheme, path: "", uri: file.uri, copyOf: file }, name, { ...known, hints: { mark: file.version, ...hints } });
}

/** Returns whether the address is the URI itself, which has neither a password nor a signature. */
function isOpenAddress(uri: string, location: string): boolean {
  if (/^s3:/.test(location)) return location === uri;
  if (!/^https?:/i.test(location)) return false;
  const url = new URL(location);
  url.hash = "";
  return url.href === uri;
}

function idOf(id: Key, uri: string): { readonly id?: string; readonly number?: string } {
  if (typeof id === "bigint") return { number: String(id) };
  return id === keyOf(uri) ? {} : { id };
}

/** JSON has no NaN, no infinite numbers and no negative zero. */
function isExactInJson(metadata: Metadata): boolean {
  return Object.values(metadata).every((value) => typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0)));
}
