/** Reads pages of dead-letter files. Only the first page of a file is read from the beginning; the others begin near their first entry. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { HashTable, hashOfText } from "../../kit/index.js";
import { type DeadLetter, parseDeadLetter } from "./dead-letter.js";
import { entryName } from "./entry-name.js";

export interface PageRequest {
  /** Number of entries before the page. */
  readonly offset: number;
  readonly limit: number;
}

export interface DeadLetterPage {
  /** The last line of each entry, without the number of earlier failures. */
  readonly letters: readonly DeadLetter[];
  /** `offset` of the next page; null if there is none. */
  readonly next: number | null;
}

/** Where the entries of one state of a file are. */
interface Places {
  readonly state: string;
  readonly sizeBytes: number;
  readonly entries: number;
  /** Byte at which every `entriesPerMark`-th entry begins. */
  readonly marks: readonly number[];
  /** First bytes of the lines that are no entries, or that later lines replace. */
  readonly passedOver: ReadonlySet<number>;
}

/** A page is read from a mark on, so up to this many entries are read in vain. */
const entriesPerMark = 100;
/** The places of a million entries take 80 kB. */
const maxFiles = 16;

export class DeadLetterPages {
  /** By path. The one that was used last comes last. */
  readonly #places = new Map<string, Promise<Places>>();

  /** Returns an empty page if there is no file. */
  async page(path: string, { offset, limit }: PageRequest): Promise<DeadLetterPage> {
    const { sizeBytes, entries, marks, passedOver } = await this.#placesOf(path);
    const mark = Math.floor(offset / entriesPerMark);
    const start = marks[mark];
    if (offset >= entries || start === undefined) return { letters: [], next: null };
    const letters: DeadLetter[] = [];
    let at = mark * entriesPerMark;
    for await (const { text, from } of linesOf(path, { start, sizeBytes })) {
      if (passedOver.has(from)) continue;
      const letter = at < offset ? null : parseDeadLetter(text, "text");
      if (letter !== null) letters.push(letter);
      at += 1;
      if (letters.length === limit) break;
    }
    return { letters, next: offset + limit < entries ? offset + limit : null };
  }

  async #placesOf(path: string): Promise<Places> {
    const state = await stateOf(path);
    const known = await this.#places.get(path)?.catch(() => undefined);
    const places = known?.state === state.name ? Promise.resolve(known) : findPlaces(path, state);
    this.#places.delete(path);
    this.#places.set(path, places);
    for (const oldest of this.#places.keys()) {
      if (this.#places.size <= maxFiles) break;
      this.#places.delete(oldest);
    }
    return places;
  }
}

interface FileState {
  readonly name: string;
  readonly sizeBytes: number;
}

async function stateOf(path: string): Promise<FileState> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  return found === null ? { name: "none", sizeBytes: 0 } : { name: `${found.ino} ${found.size} ${found.mtimeMs}`, sizeBytes: found.size };
}

/** Reads the whole file. Needs up to 56 bytes of memory per line meanwhile. */
async function findPlaces(path: string, { name: state, sizeBytes }: FileState): Promise<Places> {
  const lastLines = new HashTable({ values: 2 });
  const passedOver = new Set<number>();
  const begins: number[] = [];
  for await (const { text, from } of linesOf(path, { start: 0, sizeBytes })) {
    const letter = parseDeadLetter(text, "text");
    begins.push(from);
    if (letter === null) passedOver.add(from);
    else {
      const name = hashOfText(entryName(letter));
      const earlier = lastLines.get(name);
      if (earlier !== null) passedOver.add((earlier[0] ?? 0) * word + (earlier[1] ?? 0));
      lastLines.set(name, [Math.floor(from / word), from % word]);
    }
  }
  const entries = begins.filter((from) => !passedOver.has(from));
  return { state, sizeBytes, entries: entries.length, marks: entries.filter((_, at) => at % entriesPerMark === 0), passedOver };
}

/** 2³²: the table stores numbers of 32 bits. */
const word = 0x1_0000_0000;

interface Line {
  readonly text: string;
  /** Its first byte. */
  readonly from: number;
}

/** The lines from a byte on. What is appended meanwhile, and a last line without an end, are not among them. */
async function* linesOf(path: string, { start, sizeBytes }: { readonly start: number; readonly sizeBytes: number }): AsyncGenerator<Line> {
  if (start >= sizeBytes) return;
  let from = start;
  let begun: Buffer[] = [];
  for await (const piece of createReadStream(path, { start, end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    let at = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, at)) {
      const bytes = Buffer.concat([...begun, piece.subarray(at, end)]);
      begun = [];
      yield { text: bytes.toString("utf8"), from };
      from += bytes.length + 1;
      at = end + 1;
    }
    begun.push(piece.subarray(at));
  }
}

const lineFeed = 0x0a;
