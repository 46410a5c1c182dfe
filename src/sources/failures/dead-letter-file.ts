/**
 * Reads and writes a dead-letter file, in the format JSON lines. Several processes may append to the file and clean it up at the same time.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { withShortLock } from "../../kit/index.js";
import { type DeadLetter, lineOf } from "./dead-letter.js";
import { DeadLetterSnapshot, type DeadLetterSurvey } from "./dead-letter-reader.js";
import type { IdType } from "./entry-name.js";

/** How to read a dead-letter file. */
export interface DeadLetterReading {
  /** The type of the collection's keys. Lines of older versions do not say whether a whole number is a text. Default "text". */
  readonly idType?: IdType;
}

/** Streams one entry per id: the last, with the failures of all. What other processes write meanwhile is not included. */
export async function* readDeadLetters(path: string, { idType = "text" }: DeadLetterReading = {}): AsyncGenerator<DeadLetter> {
  try {
    await using snapshot = await DeadLetterSnapshot.open(path, idType);
    if (snapshot === null) return;
    await snapshot.survey(ignore, ignoreLater);
    yield* snapshot.letters();
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Reads the file once. `onLetter` gets every line that is an entry. An image with several lines is passed several times. */
export async function surveyDeadLetters(
  path: string,
  onLetter: (letter: DeadLetter) => void,
  { idType = "text" }: DeadLetterReading = {},
): Promise<DeadLetterSurvey> {
  try {
    await using snapshot = await DeadLetterSnapshot.open(path, idType);
    return (await snapshot?.survey(onLetter, ignoreLater)) ?? { lines: 0, entries: 0, strange: 0, firstStrange: 0, torn: false };
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Appends entries. When the promise resolves, they are safely on disk. */
export function appendDeadLetters(path: string, letters: readonly DeadLetter[]): Promise<void> {
  return withFileLock(path, async () => {
    const handle = await open(path, "a+");
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      // Starts a new line after an incomplete last line that a crash left behind.
      const isTorn = size > 0 && last.toString() !== "\n";
      await handle.appendFile(`${isTorn ? "\n" : ""}${letters.map(lineOf).join("")}`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  });
}

/** What `tidyDeadLetters` has found and removed. */
export interface Tidied {
  /** Number of entries that remain. */
  readonly kept: number;
  /** Number of lines that were not entries. They are now in the file of `damagedPath`. */
  readonly setAside: number;
  /** The number of the first such line, from 1. */
  readonly firstSetAside: number;
}

/** The file that gets the lines of a dead-letter file that are not entries. */
export function damagedPath(path: string): string {
  return `${path}.damaged`;
}

/**
 * Removes the entries for which `isDead` is false, and merges the lines of each entry. Moves lines that are not entries to the file of
 * `damagedPath`. Deletes the file if it is then empty. `isDead` is called once per entry.
 */
export function tidyDeadLetters(
  path: string,
  isDead: (letter: DeadLetter) => boolean,
  { idType = "text" }: DeadLetterReading = {},
): Promise<Tidied> {
  return withFileLock(path, async () => {
    await using snapshot = await DeadLetterSnapshot.open(path, idType);
    if (snapshot === null) return { kept: 0, setAside: 0, firstSetAside: 0 };
    await using aside = new LazyFile(damagedPath(path), "a");
    const { lines, strange, firstStrange, torn } = await snapshot.survey(ignore, (text) => aside.write(`${text}\n`));
    await aside.sync();
    await removeAbandoned(path);
    const temporary = `${path}.${randomUUID()}.tmp`;
    let kept = 0;
    try {
      await using target = new LazyFile(temporary, "wx");
      for await (const letter of snapshot.letters()) {
        if (!isDead(letter)) continue;
        kept += 1;
        await target.write(lineOf(letter));
      }
      await target.sync();
      if (kept === 0) await rm(path, { force: true });
      else if (kept < lines || torn) await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    return { kept, setAside: strange, firstSetAside: firstStrange };
  });
}

/** Removes what processes that were killed have left. Only the holder of the lock has such a file. */
async function removeAbandoned(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(prefix) && /^[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length)))
      await rm(join(dirname(path), name), { force: true });
  }
}

/** A file that is created by its first write. Writes are collected. */
class LazyFile implements AsyncDisposable {
  readonly #path: string;
  readonly #flags: "a" | "wx";
  #handle: FileHandle | undefined;
  #waiting: string[] = [];
  #waitingChars = 0;

  constructor(path: string, flags: "a" | "wx") {
    this.#path = path;
    this.#flags = flags;
  }

  async write(text: string): Promise<void> {
    this.#waiting.push(text);
    this.#waitingChars += text.length;
    if (this.#waitingChars >= chunkChars) await this.#flush();
  }

  /** Resolves when everything is safely on disk. */
  async sync(): Promise<void> {
    if (this.#waitingChars > 0) await this.#flush();
    await this.#handle?.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }

  async #flush(): Promise<void> {
    this.#handle ??= await open(this.#path, this.#flags);
    await this.#handle.appendFile(this.#waiting.join(""));
    this.#waiting = [];
    this.#waitingChars = 0;
  }
}

const chunkChars = 65_536;

const ignore = (): void => undefined;
const ignoreLater = (): Promise<void> => Promise.resolve();

async function withFileLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await withShortLock(`${path}.lock`, use);
  } catch (error) {
    throw fileError(error, path);
  }
}

function fileError(cause: unknown, path: string): HeadraceError {
  if (HeadraceError.is(cause)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new HeadraceError(
    full ? "disk_full" : "state_unwritable",
    `dead-letter file ${path}: expected to read and write it, found ${message}`,
    {
      item: path,
      cause,
    },
  );
}
