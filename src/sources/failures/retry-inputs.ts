/** Turns the entries of a dead-letter file into inputs for a run that tries them again. */
import type { IngestInput, Key, Reader } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import type { FileRefs } from "../inputs.js";
import type { DeadLetter } from "./dead-letter.js";
import { type DeadLetterReading, readDeadLetters } from "./dead-letter-file.js";
import { isWholeNumber } from "./entry-name.js";

/** Which entries to try again. */
export interface RetrySelection extends DeadLetterReading {
  /** Path of the dead-letter file. */
  readonly path: string;
  /** Only entries with one of these codes. Null: all entries. */
  readonly codes: ReadonlySet<string> | null;
  /** Maximum number of entries to try, counted from the first. */
  readonly limit: number;
  readonly readers: readonly Reader[];
}

/** Streams the selected entries. An entry that cannot be tried again is null. */
export async function* lettersToTry({ path, codes, limit, readers, ...reading }: RetrySelection): AsyncGenerator<DeadLetter | null> {
  const schemes = new Set(readers.flatMap((reader) => reader.schemes));
  let left = limit;
  for await (const letter of readDeadLetters(path, reading)) {
    if (codes !== null && !codes.has(letter.code)) continue;
    if (!isRepeatable(letter, schemes)) {
      yield null;
      continue;
    }
    if (left <= 0) return;
    left -= 1;
    yield letter;
  }
}

/** Returns the image as its listing named it, with the version that it has now. */
export async function retryInput(letter: DeadLetter, fileRefs: FileRefs): Promise<IngestInput> {
  const { id, ref } = listedInput(letter);
  if (ref.scheme !== "file") return { id, ref };
  const { location, version, sizeBytes } = await fileRefs(ref.location);
  return { id, ref: { ...ref, location, version, sizeBytes } };
}

/** Returns the image as its listing named it, without its version. */
export function listedInput(letter: DeadLetter): IngestInput {
  const { source, line, location = source, root = source, metadata = null } = letter;
  const ref = { uri: source, location, scheme: schemeOf(letter), root, version: null, sizeBytes: null, metadata };
  return { id: keyFor(letter), ref: line === undefined ? ref : { ...ref, line } };
}

function schemeOf({ source, scheme }: DeadLetter): string {
  return scheme ?? source.slice(0, source.indexOf(":"));
}

/** An image whose id belongs to another image cannot be tried again: it would replace the other image. */
export function isRepeatable(letter: DeadLetter, schemes: ReadonlySet<string>): boolean {
  return letter.repeatable !== false && letter.code !== "id_duplicate" && schemes.has(schemeOf(letter));
}

function keyFor({ source, id, idType }: DeadLetter): Key {
  if (id === undefined) return keyOf(source);
  return idType === "int64" && isWholeNumber(id) ? BigInt(id) : id;
}
