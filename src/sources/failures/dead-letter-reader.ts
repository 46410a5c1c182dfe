/** Reads a dead-letter file in two passes, so that the memory does not grow with the length of the entries. */
import { type FileHandle, open } from "node:fs/promises";
import { HashTable, hashOfText, textLines } from "../../kit/index.js";
import { type DeadLetter, parseDeadLetter } from "./dead-letter.js";
import { entryName, type IdType } from "./entry-name.js";

/** What the first pass has found. */
export interface DeadLetterSurvey {
  /** Number of lines, without an incomplete last line. */
  readonly lines: number;
  /** Number of images and files that the lines are about. */
  readonly entries: number;
  /** Number of lines that are not entries, for example after the file was edited by hand. */
  readonly strange: number;
  /** The number of the first such line, from 1; 0 if there is none. */
  readonly firstStrange: number;
  /** True when a crash during a write left an incomplete last line. */
  readonly torn: boolean;
}

/**
 * One state of a dead-letter file. It does not change when another process appends to the file or replaces it. Needs 32 to 48 bytes of memory
 * per entry.
 */
export class DeadLetterSnapshot implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;
  readonly #idType: IdType;
  /** By name of the entry: the number of its last line, the number of its failures, and the time of its first failure. */
  readonly #entries = new HashTable({ values: 4 });

  private constructor(handle: FileHandle, sizeBytes: number, idType: IdType) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.#idType = idType;
  }

  /** Opens the file. Returns null if it does not exist. `idType`: the type of the collection's keys. */
  static async open(path: string, idType: IdType): Promise<DeadLetterSnapshot | null> {
    try {
      const handle = await open(path, "r");
      return new DeadLetterSnapshot(handle, (await handle.stat()).size, idType);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  /** The first pass. Call it once, and before `letters`. `onLetter` gets every entry, `onStrange` every other line. */
  async survey(onLetter: (letter: DeadLetter) => void, onStrange: (text: string) => Promise<void>): Promise<DeadLetterSurvey> {
    let [lines, entries, strange, firstStrange] = [0, 0, 0, 0];
    let torn = false;
    for await (const { text, number, isWhole } of this.#lines()) {
      const letter = parseDeadLetter(text, this.#idType);
      if (letter !== null) {
        if (this.#count(letter, number)) entries += 1;
        onLetter(letter);
      } else if (!isWhole) {
        torn = true;
        break;
      } else if (text !== "") {
        strange += 1;
        firstStrange ||= number;
        await onStrange(text);
      }
      lines = number;
    }
    return { lines, entries, strange, firstStrange, torn };
  }

  /** The second pass: one line per entry, the last, with the number of failures and the first time of all its lines. */
  async *letters(): AsyncGenerator<DeadLetter> {
    for await (const { text, number } of this.#lines()) {
      const letter = parseDeadLetter(text, this.#idType);
      const [last, failures = 1, high = 0, low = 0] = letter === null ? [] : (this.#entries.get(hashOfText(entryName(letter))) ?? []);
      if (letter !== null && last === number) yield { ...letter, failures, first: new Date(high * word + low).toISOString() };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close();
  }

  /** Adds a line to the table. Returns true if it is the first of its entry. */
  #count(letter: DeadLetter, number: number): boolean {
    const { failures, first } = letter;
    const hash = hashOfText(entryName(letter));
    const known = this.#entries.get(hash);
    const [, before = 0, high = 0, low = 0] = known ?? [];
    const firstMs = known === null ? Date.parse(first) : Math.min(Date.parse(first), high * word + low);
    this.#entries.set(hash, [number, before + failures, Math.floor(firstMs / word), firstMs % word]);
    return known === null;
  }

  async *#lines(): AsyncGenerator<{ readonly text: string; readonly number: number; readonly isWhole: boolean }> {
    if (this.#sizeBytes === 0) return;
    const { buffer } = await this.#handle.read(Buffer.alloc(1), 0, 1, this.#sizeBytes - 1);
    const endsWhole = buffer.toString() === "\n";
    const pieces = this.#handle.createReadStream({ start: 0, end: this.#sizeBytes - 1, autoClose: false, encoding: "utf8" });
    let number = 0;
    let waiting: string | null = null;
    for await (const text of textLines(pieces)) {
      if (waiting !== null) yield { text: waiting, number, isWhole: true };
      number += 1;
      waiting = text;
    }
    if (waiting !== null) yield { text: waiting, number, isWhole: endsWhole };
  }
}

/** 2³²: the table stores numbers of 32 bits. */
const word = 0x1_0000_0000;
