/** The folder of one job: its record, the images that came with the request, and its failures. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileError, mebibyte, StagedFiles } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import { jobStates } from "../wire/wire-jobs.js";
import type { Job } from "./job.js";

const draftPrefix = ".draft-";
/** The number of the record's format. */
const version = 1;

export class JobFolder {
  constructor(readonly path: string) {}

  get failuresPath(): string {
    return join(this.path, "failures.jsonl");
  }

  /** The images that came with the request: JSON lines of a manifest, whose paths count from this folder. */
  get linesPath(): string {
    return join(this.path, "lines.jsonl");
  }

  /** Images by the SHA-256 of their bytes. */
  get uploadsPath(): string {
    return join(this.path, "uploads");
  }

  /** Replaces the record as a whole: a crash leaves the old one or the new one. */
  async write(job: Job): Promise<void> {
    const path = join(this.path, "job.json");
    const files = await StagedFiles.create([path]);
    try {
      await files.append(path, `${JSON.stringify({ version, ...job })}\n`);
      await files.place();
    } finally {
      await files.discard();
    }
  }

  /** Returns null for a folder without a whole record of this version. */
  async read(): Promise<Job | null> {
    const text = await readFile(join(this.path, "job.json"), "utf8").catch(absent);
    const record = text === null ? null : parsed(text);
    return record !== null && record.id === basename(this.path) ? record : null;
  }

  /** Returns whether images came with the request. */
  async hasLines(): Promise<boolean> {
    return (await stat(this.linesPath).catch(absent)) !== null;
  }

  /** Deletes the images that came with the request, except those in `kept`. */
  async forgetUploads(kept: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(this.uploadsPath).catch(absent)) ?? [];
    for (const name of names) if (!kept.has(name)) await rm(join(this.uploadsPath, name), { force: true });
    await rm(this.linesPath, { force: true });
  }

  async delete(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Returns null for a damaged record. */
function parsed(text: string): Job | null {
  try {
    const { version: found, ...record } = JSON.parse(text) as Job & { readonly version: number };
    return found === version && isRecord(record) ? record : null;
  } catch {
    return null;
  }
}

function isRecord({ state, request }: Partial<Job>): boolean {
  return jobStates.some((known) => known === state) && typeof request?.collection === "string";
}

/** A folder that becomes a job's folder when everything has arrived. */
export class JobDraft {
  readonly #lines: string[] = [];
  #linesChars = 0;
  #bytesLeft: number;
  given = 0;
  readonly digest = createHash("sha256");

  private constructor(
    readonly folder: JobFolder,
    readonly parent: string,
    readonly maxMb: number,
  ) {
    this.#bytesLeft = maxMb * mebibyte;
  }

  static async begin(parent: string, maxMb: number): Promise<JobDraft> {
    const folder = new JobFolder(join(parent, `${draftPrefix}${randomUUID()}`));
    await mkdir(folder.uploadsPath, { recursive: true, mode: 0o700 });
    return new JobDraft(folder, parent, maxMb);
  }

  /** Keeps the bytes of an image. Returns their SHA-256 in hex. Throws `body_too_large`. */
  async keep(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const path = join(this.folder.uploadsPath, `${randomUUID()}.partial`);
    const hash = createHash("sha256");
    const file = await open(path, "wx", 0o600);
    try {
      for await (const chunk of chunks) {
        this.#take(chunk.byteLength);
        hash.update(chunk);
        await file.appendFile(chunk);
      }
      await file.datasync();
    } catch (cause) {
      throw cause instanceof Refused ? cause : fileError(cause, path, "written");
    } finally {
      await file.close();
    }
    const sha256 = hash.digest("hex");
    await rename(path, join(this.folder.uploadsPath, sha256));
    return sha256;
  }

  /** Adds a line of the manifest. */
  async addLine(line: object): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.given += 1;
    this.#take(text.length);
    this.digest.update(text);
    this.#lines.push(text);
    this.#linesChars += text.length;
    if (this.#linesChars > mebibyte) await this.#flush();
  }

  /** Makes the draft the folder of a job. */
  async commit(job: Job): Promise<JobFolder> {
    if (this.given > 0) await this.#flush();
    await this.folder.write(job);
    const folder = new JobFolder(join(this.parent, job.id));
    await rename(this.folder.path, folder.path);
    return folder;
  }

  /** Deletes the draft. A draft that has become the folder of a job stays. */
  discard(): Promise<void> {
    return this.folder.delete();
  }

  #take(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw new Refused("body_too_large", `images: expected at most ${this.maxMb} MiB for one job, found more.`);
  }

  async #flush(): Promise<void> {
    const file = await open(this.folder.linesPath, "a", 0o600);
    try {
      await file.appendFile(this.#lines.join(""));
      await file.datasync();
    } catch (cause) {
      throw fileError(cause, this.folder.linesPath, "written");
    } finally {
      await file.close();
    }
    this.#lines.length = 0;
    this.#linesChars = 0;
  }
}

/** Returns the folders of all jobs below `parent`. Deletes drafts that a crash has left. */
export async function jobFolders(parent: string): Promise<readonly JobFolder[]> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const entries = await readdir(parent, { withFileTypes: true });
  const folders: JobFolder[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const folder = new JobFolder(join(parent, entry.name));
    if (entry.name.startsWith(draftPrefix)) await folder.delete();
    else folders.push(folder);
  }
  return folders;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
