/**
 * Reads which files and indexes a version of a table consists of, from its manifest in Lance's format: protobuf messages. The position of the
 * first message is in the last 16 bytes of the file. https://lance.org/format/table
 */
import { readFile } from "node:fs/promises";

/** A part of a table, in one or more files. */
export interface Fragment {
  /** Newer fragments have higher numbers. */
  readonly id: number;
  /** Number of rows, deleted ones included. */
  readonly rows: number;
}

/** Names of files, and the fragments that they contain. */
export interface VersionFiles {
  /** Oldest first. */
  readonly fragments: readonly Fragment[];
  /** The files in the folder `data`, one or more per fragment. */
  readonly data: ReadonlySet<string>;
  /** The files in the folder `_deletions`, at most one per fragment: they say which of its rows are deleted. */
  readonly deletions: ReadonlySet<string>;
  /** The file in the folder `_transactions`. null: the version has none. */
  readonly transaction: string | null;
  /** The folders in the folder `_indices`, one per part of an index. */
  readonly indexes: ReadonlySet<string>;
}

const footerBytes = 16;
/** The length of the message, before the message. */
const lengthBytes = 4;
const magic = "LANC";
/** Numbers of the fields that are read, by message. */
const manifestField = { fragments: 2, indexSection: 6, transactionFile: 12 } as const;
const fragmentField = { id: 1, files: 2, deletions: 3, rows: 4 } as const;
const deletionField = { kind: 1, readVersion: 2, id: 3, baseId: 7 } as const;
const deletionKinds = ["arrow", "bin"] as const;
const fileField = { path: 1, baseId: 7 } as const;
const indexField = { indexes: 1, id: 1, idBytes: 1 } as const;

/**
 * Returns null if the file does not exist any more, or is not as expected. The files of the version are then not known, and none of them may be
 * deleted.
 */
export async function versionFiles(path: string): Promise<VersionFiles | null> {
  try {
    return filesOf(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function filesOf(bytes: Buffer): VersionFiles | null {
  const footer = bytes.subarray(-footerBytes);
  if (footer.length < footerBytes || footer.subarray(12).toString("latin1") !== magic) return null;
  const end = bytes.length - footerBytes;
  const place = Number(footer.readBigUInt64LE(0));
  const fields = messageAt(bytes.subarray(0, end), place, end);
  const indexPlace = fields?.find(({ number }) => number === manifestField.indexSection)?.count ?? null;
  const indexes = indexPlace === null ? new Set<string>() : indexesOf(messageAt(bytes, indexPlace));
  return fields === null || indexes === null ? null : contentsOf(fields, indexes);
}

/** Reads a message with its length before it. `end`: where the message must end. Returns null if it is not as expected. */
function messageAt(bytes: Buffer, place: number, end?: number): readonly Field[] | null {
  const start = place + lengthBytes;
  if (start > bytes.length) return null;
  const length = bytes.readUInt32LE(place);
  if (start + length > bytes.length || (end !== undefined && start + length !== end)) return null;
  return fieldsOf(bytes.subarray(start, start + length));
}

function contentsOf(fields: readonly Field[], indexes: ReadonlySet<string>): VersionFiles | null {
  const fragments: Fragment[] = [];
  const data = new Set<string>();
  const deletions = new Set<string>();
  let transaction: string | null = null;
  for (const { number, value } of fields) {
    if (number === manifestField.transactionFile && value !== null) transaction = value.toString("utf8");
    if (number !== manifestField.fragments || value === null) continue;
    const fragment = fieldsOf(value);
    const paths = fragment === null ? [] : pathsOf(fragment);
    if (fragment === null || paths.length === 0) return null;
    const id = numberOf(fragment, fragmentField.id);
    fragments.push({ id, rows: numberOf(fragment, fragmentField.rows) });
    const deleted = deletionsOf(fragment, id);
    if (deleted === null) return null;
    for (const file of deleted) deletions.add(file);
    for (const path of paths) {
      if (path === null) return null;
      data.add(path);
    }
  }
  return { fragments, data, deletions, transaction, indexes };
}

/** The names of the folders of indexes. null: an index without an id. */
function indexesOf(section: readonly Field[] | null): ReadonlySet<string> | null {
  if (section === null) return null;
  const names = new Set<string>();
  for (const index of messagesOf(section, indexField.indexes)) {
    const id = index === null ? undefined : messagesOf(index, indexField.id)[0];
    const hex = id?.find(({ number }) => number === indexField.idBytes)?.value?.toString("hex") ?? "";
    if (hex.length !== 32) return null;
    names.add([hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-"));
  }
  return names;
}

/** The messages in all fields with this number. null: bytes that are not a message. */
function messagesOf(fields: readonly Field[], wanted: number): readonly (readonly Field[] | null)[] {
  return fields.filter(({ number }) => number === wanted).map(({ value }) => (value === null ? null : fieldsOf(value)));
}

/** A number that is 0 is not in the message. */
function numberOf(fields: readonly Field[], wanted: number): number {
  return fields.find(({ number }) => number === wanted)?.count ?? 0;
}

/** The paths of a fragment's files. null: a file without a path, or a file outside the table's folder. */
function pathsOf(fragment: readonly Field[]): readonly (string | null)[] {
  return messagesOf(fragment, fragmentField.files).map((file) => {
    const path = file?.find(({ number }) => number === fileField.path)?.value ?? null;
    return path === null || file?.some(({ number }) => number === fileField.baseId) ? null : path.toString("utf8");
  });
}

/** The names of a fragment's files in `_deletions`. null: a file of an unknown kind, or outside the table's folder. */
function deletionsOf(fragment: readonly Field[], fragmentId: number): readonly string[] | null {
  const names: string[] = [];
  for (const { number, value } of fragment) {
    if (number !== fragmentField.deletions) continue;
    const file = value === null ? null : fieldsOf(value);
    const kind = file === null ? undefined : deletionKinds[numberOf(file, deletionField.kind)];
    if (value === null || file === null || kind === undefined || file.some((each) => each.number === deletionField.baseId)) return null;
    const id = file.find((each) => each.number === deletionField.id);
    names.push(`${fragmentId}-${numberOf(file, deletionField.readVersion)}-${id === undefined ? 0 : exactNumber(value, id.start)}.${kind}`);
  }
  return names;
}

/** The number that begins at this byte. It may have 64 bits. */
function exactNumber(message: Buffer, start: number): bigint {
  let value = 0n;
  for (let at = start, shift = 0n; ; at += 1, shift += 7n) {
    const byte = message[at] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/** A field of a protobuf message. `value` is null for a number, and `count` is null for anything else. `count` is rounded above 2⁵³. */
interface Field {
  /** The byte after its tag. */
  readonly start: number;
  readonly number: number;
  readonly value: Buffer | null;
  readonly count: number | null;
}

/** Returns null if the bytes are not a whole message. */
function fieldsOf(message: Buffer): readonly Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  /** NaN if the message ends before the number. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? Number.NaN;
      value += (byte % 128) * scale;
      if (!(byte >= 128)) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    const start = at;
    let value: Buffer | null = null;
    let count: number | null = null;
    if (type === 0) count = varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      value = message.subarray(at, at + length);
      at += length;
    } else return null;
    if (Number.isNaN(at) || at > message.length) return null;
    fields.push({ number, start, value, count });
  }
  return fields;
}
