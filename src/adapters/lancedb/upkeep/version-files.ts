/**
 * Reads which files a version of a table consists of, from its manifest in Lance's format: a protobuf message, whose position is in the last 16
 * bytes of the file. https://lance.org/format/table
 */
import { readFile } from "node:fs/promises";

/** Names of files. */
export interface VersionFiles {
  /** The files in the folder `data`, one or more per fragment. */
  readonly data: ReadonlySet<string>;
  /** The file in the folder `_transactions`. null: the version has none. */
  readonly transaction: string | null;
}

const footerBytes = 16;
/** The length of the message, before the message. */
const lengthBytes = 4;
const magic = "LANC";
/** Numbers of the fields that are read: of `Manifest`, `DataFragment` and `DataFile`. */
const field = { fragments: 2, transactionFile: 12, files: 2, path: 1, baseId: 7 } as const;

/**
 * Returns null if the file does not exist any more, or is not as expected. The files of the version are then not known, and none of them may be
 * deleted.
 */
export async function versionFiles(path: string): Promise<VersionFiles | null> {
  try {
    const manifest = manifestOf(await readFile(path));
    return manifest === null ? null : filesOf(manifest);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function manifestOf(bytes: Buffer): Buffer | null {
  const footer = bytes.subarray(-footerBytes);
  if (footer.length < footerBytes || footer.subarray(12).toString("latin1") !== magic) return null;
  const end = bytes.length - footerBytes;
  const start = Number(footer.readBigUInt64LE(0)) + lengthBytes;
  const isWhole = start <= end && start + bytes.readUInt32LE(start - lengthBytes) === end;
  return isWhole ? bytes.subarray(start, end) : null;
}

function filesOf(manifest: Buffer): VersionFiles | null {
  const data = new Set<string>();
  let transaction: string | null = null;
  const fields = fieldsOf(manifest);
  if (fields === null) return null;
  for (const { number, value } of fields) {
    if (number === field.transactionFile && value !== null) transaction = value.toString("utf8");
    if (number !== field.fragments || value === null) continue;
    const paths = pathsOf(value);
    if (paths.length === 0) return null;
    for (const path of paths) {
      if (path === null) return null;
      data.add(path);
    }
  }
  return { data, transaction };
}

/** The paths of a fragment's files. null: a file without a path, or a file outside the table's folder. */
function pathsOf(fragment: Buffer): readonly (string | null)[] {
  const files = fieldsOf(fragment)?.filter(({ number }) => number === field.files) ?? [];
  return files.map(({ value }) => {
    const fields = value === null ? null : fieldsOf(value);
    const path = fields?.find(({ number }) => number === field.path)?.value ?? null;
    return path === null || fields?.some(({ number }) => number === field.baseId) ? null : path.toString("utf8");
  });
}

/** A field of a protobuf message. `value` is null for a number. */
interface Field {
  readonly number: number;
  readonly value: Buffer | null;
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
    let value: Buffer | null = null;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      value = message.subarray(at, at + length);
      at += length;
    } else return null;
    if (Number.isNaN(at) || at > message.length) return null;
    fields.push({ number, value });
  }
  return fields;
}
