/** Writes and reads one record: the images that one state of a remote file lists, as compressed lines of JSON. */
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";
import type { IngestInput } from "../../contracts/index.js";
import { type RemoteFile, textLines } from "../../kit/index.js";
import type { LeftOutColumn } from "../columns.js";
import { inputOfRecord, type RecordedInput, recordedInput } from "./recorded-input.js";

/** One state of a remote file, as its server names it. */
export interface KnownState {
  readonly version: string;
  /** null: the server has told no size. */
  readonly sizeBytes: number | null;
}

/** The first line. */
export interface RecordHead extends KnownState {
  /** Records of other formats are not read. */
  readonly format: typeof recordFormat;
}

/** The last line. A record without it is not whole. */
export interface RecordEnd {
  readonly end: {
    /** Number of files in an archive that are no images, by their extensions. */
    readonly leftOut: Readonly<Record<string, number>>;
    /** Columns of a table that could not be stored. */
    readonly leftOutColumns: readonly LeftOutColumn[];
  };
}

export const recordFormat = 1;
/** Each chunk is compressed by itself. */
const chunkChars = 256 * 1024;
const compress = promisify(gzip);

/** Throws nothing: without a record, the file is copied again, so a record that cannot be written is given up. */
export class RecordWriter {
  readonly #file: RemoteFile & KnownState;
  readonly #path: string;
  #handle: FileHandle | null = null;
  #waiting: string[];
  #waitingChars = 0;
  #sizeBytes = 0;
  #isUsable = true;

  /** `path`: where the record is written until it is whole. */
  constructor(path: string, file: RemoteFile & KnownState) {
    const { version, sizeBytes } = file;
    const head: RecordHead = { format: recordFormat, version, sizeBytes };
    this.#file = file;
    this.#path = path;
    this.#waiting = [`${JSON.stringify(head)}\n`];
  }

  async add(input: IngestInput): Promise<void> {
    if (!this.#isUsable) return;
    const recorded = recordedInput(input, this.#file);
    this.#isUsable = recorded !== null;
    const line = `${JSON.stringify(recorded)}\n`;
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    if (this.#waitingChars >= chunkChars) await this.#flush();
  }

  /** Moves the whole record to `path`, and returns its size in bytes. null: there is none. */
  async commit(path: string, end: RecordEnd["end"]): Promise<number | null> {
    const last: RecordEnd = { end };
    this.#waiting.push(JSON.stringify(last));
    await this.#flush();
    await this.#do(async () => {
      await this.#handle?.close();
      await rename(this.#path, path);
    });
    this.#handle = null;
    return this.#isUsable ? this.#sizeBytes : null;
  }

  /** Deletes what is not committed. */
  async discard(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#isUsable = false;
    await handle?.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingChars = 0;
    await this.#do(async () => {
      this.#handle ??= await open(this.#path, "wx", 0o600);
      const bytes = await compress(text, { level: 1 });
      await this.#handle.appendFile(bytes);
      this.#sizeBytes += bytes.byteLength;
    });
  }

  async #do(work: () => Promise<void>): Promise<void> {
    if (!this.#isUsable) return;
    try {
      await work();
    } catch {
      this.#isUsable = false;
    }
  }
}

/** Returns null if there is no record, or none that can be read. */
export async function recordHead(path: string): Promise<RecordHead | null> {
  for await (const value of valuesIn(path)) return isHead(value) ? value : null;
  return null;
}

/** Streams the images of a record. `onEnd`: called at the end of a record that is whole. */
export async function* recordedInputs(
  path: string,
  file: RemoteFile & KnownState,
  onEnd: (end: RecordEnd["end"]) => void,
): AsyncGenerator<IngestInput> {
  let isFirst = true;
  for await (const value of valuesIn(path)) {
    // Another process may have replaced the record meanwhile.
    if (value === null || (isFirst && !(isHead(value) && value.version === file.version))) return;
    if (isEnd(value)) onEnd(value.end);
    else if (!isFirst) yield inputOfRecord(value as RecordedInput, file);
    isFirst = false;
  }
}

/** Streams the lines. null: the rest is damaged. */
async function* valuesIn(path: string): AsyncGenerator<object | null> {
  const stored = createReadStream(path);
  const unpacked = createGunzip();
  stored.once("error", (error) => unpacked.destroy(error));
  try {
    for await (const line of textLines(stored.pipe(unpacked).setEncoding("utf8"))) yield JSON.parse(line) as object;
  } catch {
    yield null;
  } finally {
    stored.destroy();
    unpacked.destroy();
  }
}

function isHead(value: object | null): value is RecordHead {
  return value !== null && "format" in value && value.format === recordFormat;
}

function isEnd(value: object): value is RecordEnd {
  return "end" in value;
}
