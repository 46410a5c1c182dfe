/**
 * Remembers which images remote files list. A file that has not changed need not be copied again only to learn its names. All records together
 * have a limit: those that were not used for the longest time are deleted.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { IngestInput, UnlistedFile } from "../../contracts/index.js";
import { imageExtensions, type RemoteFile } from "../../kit/index.js";
import { type KnownState, type RecordEnd, RecordWriter, recordedInputs, recordHead } from "./name-record.js";

/** Increase it when members of archives or cells of tables are chosen or described in another way. */
const rulesNumber = 2;
const currentListingRules = [rulesNumber, ...imageExtensions].join(" ");

/** A file, and how it is listed: other columns give other ids and metadata. */
export interface ListedFile extends UnlistedFile {
  readonly file: RemoteFile;
  /** The type of the ids. Default "text". */
  readonly idType?: "text" | "int64";
}

export interface NameRecord {
  readonly state: KnownState;
  /** Streams the images. `onEnd`: called at the end, unless the record is damaged. */
  inputs(onEnd: (end: RecordEnd["end"]) => void): AsyncGenerator<IngestInput>;
}

export interface NameWriter {
  add(input: IngestInput): Promise<void>;
  /** Called when the file was listed to its end, with what was left out. */
  commit(end: RecordEnd["end"]): Promise<void>;
  /** Called in any case, after `commit` too. */
  discard(): Promise<void>;
}

export class NameRecords {
  #sizeBytes: number | null = null;

  /** `listingRules`: identifies the rules that decide what a file lists. Records of other rules are not found. */
  constructor(
    readonly folder: string,
    readonly maxBytes: number,
    readonly listingRules: string = currentListingRules,
  ) {}

  async find(listed: ListedFile): Promise<NameRecord | null> {
    const path = this.#pathOf(listed);
    const state = await recordHead(path);
    if (state === null) return null;
    const now = new Date();
    await utimes(path, now, now).catch(leave);
    return { state, inputs: (onEnd) => recordedInputs(path, { ...listed.file, ...state }, onEnd) };
  }

  /** `temporaryPath`: on the same disk. */
  create(listed: ListedFile, state: KnownState, temporaryPath: string): NameWriter {
    const writer = new RecordWriter(temporaryPath, { ...listed.file, ...state });
    return {
      add: (input) => writer.add(input),
      commit: async (end) => {
        await mkdir(this.folder, { recursive: true }).catch(leave);
        const written = await writer.commit(this.#pathOf(listed), end);
        if (written !== null) await this.#trim(written);
      },
      discard: () => writer.discard().catch(leave),
    };
  }

  /** A record is only a saving: nothing depends on it. So what goes wrong with it ends nothing. */
  async #trim(writtenBytes: number): Promise<void> {
    if (this.#sizeBytes !== null && this.#sizeBytes + writtenBytes <= this.maxBytes) {
      this.#sizeBytes += writtenBytes;
      return;
    }
    const records = await this.#all().catch(() => []);
    let left = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const { path, sizeBytes } of records.sort((a, b) => a.usedMs - b.usedMs)) {
      if (left <= this.maxBytes) break;
      await rm(path, { force: true }).catch(leave);
      left -= sizeBytes;
    }
    this.#sizeBytes = left;
  }

  async #all(): Promise<{ readonly path: string; readonly sizeBytes: number; readonly usedMs: number }[]> {
    const found = [];
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const stats = await stat(path).catch(leave);
      if (stats !== undefined) found.push({ path, sizeBytes: stats.size, usedMs: stats.mtimeMs });
    }
    return found;
  }

  #pathOf({ file, columns, badLines, idType = "text" }: ListedFile): string {
    const { image = null, id = null, metadata = null } = columns;
    const key = JSON.stringify([file.uri, image, id, metadata, badLines, idType, this.listingRules]);
    return join(this.folder, `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.jsonl.gz`);
  }
}

/** Another process may have deleted the record. */
function leave(): undefined {
  return undefined;
}
