/**
 * Reads and writes a dead-letter file, in the format JSON lines. Several processes may append to the file and clean it up at the same time.
 */
import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { HeadraceError } from "../../contracts/index.js";
import { withShortLock } from "./short-lock.js";

/** One line of the file. It describes an image that failed. */
export interface DeadLetter {
  readonly source: string;
  /** The key that the image's row would have; an int64 key as text. Absent in files of older versions. */
  readonly id?: string;
  /** The manifest line that names the image, in the form `file:line`. */
  readonly line?: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  /** When the image failed: ISO 8601, UTC. */
  readonly time: string;
}

export interface DeadLetterLines {
  /** The most recent entry of each source. */
  readonly letters: readonly DeadLetter[];
  /** Lines that are not entries, for example after the file was edited by hand. These lines stay in the file. */
  readonly strange: readonly { readonly line: number; readonly text: string }[];
  /** True when a crash during a write left an incomplete last line. That line is in neither list. */
  readonly torn: boolean;
}

export async function readDeadLetters(path: string): Promise<DeadLetterLines> {
  const lines = (await textOf(path)).split("\n");
  const tail = lines.pop() ?? "";
  const bySource = new Map<string, DeadLetter>();
  const strange: { readonly line: number; readonly text: string }[] = [];
  for (const [at, text] of lines.entries()) {
    const letter = parseLetter(text);
    if (letter !== null) bySource.set(letter.source, letter);
    else if (text !== "") strange.push({ line: at + 1, text });
  }
  return { letters: [...bySource.values()], strange, torn: tail !== "" };
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
      await handle.appendFile(`${isTorn ? "\n" : ""}${linesOf(letters)}`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  });
}

/** Removes the entries for which `isDead` is false. Returns the remaining entries. Deletes the file if it is then empty. */
export function tidyDeadLetters(path: string, isDead: (letter: DeadLetter) => boolean): Promise<readonly DeadLetter[]> {
  return withFileLock(path, async () => {
    const { letters, strange } = await readDeadLetters(path);
    const kept = letters.filter(isDead);
    const text = strange.map((line) => `${line.text}\n`).join("") + linesOf(kept);
    if (text === "") await rm(path, { force: true });
    else if (text !== (await textOf(path))) await replace(path, text);
    return kept;
  });
}

async function withFileLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await withShortLock(`${path}.lock`, use);
  } catch (error) {
    throw fileError(error, path);
  }
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, "wx");
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

function linesOf(letters: readonly DeadLetter[]): string {
  return letters.map((letter) => `${JSON.stringify(letter)}\n`).join("");
}

/** Parses one line. Returns null for a line that is not an entry. */
function parseLetter(text: string): DeadLetter | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "source" in value && typeof value.source === "string"
      ? (value as DeadLetter)
      : null;
  } catch {
    return null;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
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
