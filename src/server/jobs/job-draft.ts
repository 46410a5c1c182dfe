/** A job that is being received: its images go to disk as they arrive. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileError, mebibyte } from "../../kit/index.js";
import { Refused } from "../wire/problems.js";
import type { Job } from "./job.js";
import { draftPrefix, JobFolder } from "./job-folder.js";
import { type JobSpace, spaceOf } from "./job-space.js";

export interface JobDraftOptions {
  /** The folder with the folders of all jobs. */
  readonly parent: string;
  /** For the images of this job. */
  readonly maxMb: number;
  readonly space: JobSpace;
}

/** A folder that becomes a job's folder when everything has arrived. */
export class JobDraft {
  readonly folder: JobFolder;
  readonly digest = createHash("sha256");
  readonly #options: JobDraftOptions;
  readonly #lines: string[] = [];
  #linesChars = 0;
  #bytes = 0;
  given = 0;

  private constructor(options: JobDraftOptions) {
    this.#options = options;
    this.folder = new JobFolder(join(options.parent, `${draftPrefix}${randomUUID()}`), options.space);
  }

  static async begin(options: JobDraftOptions): Promise<JobDraft> {
    const draft = new JobDraft(options);
    await mkdir(draft.folder.uploadsPath, { recursive: true, mode: 0o700 });
    return draft;
  }

  /** Keeps the bytes of an image. Returns their SHA-256 in hex. Throws `body_too_large` and `jobs_full`. */
  async keep(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const path = join(this.folder.uploadsPath, `${randomUUID()}.partial`);
    const hash = createHash("sha256");
    let bytes = 0;
    const file = await open(path, "wx", 0o600);
    try {
      for await (const chunk of chunks) {
        this.#take(chunk.byteLength);
        hash.update(chunk);
        bytes += chunk.byteLength;
        await file.appendFile(chunk);
      }
      this.#take(spaceOf(bytes) - bytes);
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
    const { parent, space } = this.#options;
    const folder = new JobFolder(join(parent, job.id), space);
    await rename(this.folder.path, folder.path);
    space.set(folder.path, this.#bytes);
    space.set(this.folder.path, 0);
    return folder;
  }

  /** Deletes the draft. A draft that has become the folder of a job stays. */
  discard(): Promise<void> {
    return this.folder.delete();
  }

  #take(bytes: number): void {
    const { maxMb, space } = this.#options;
    this.#bytes += bytes;
    if (this.#bytes > maxMb * mebibyte) {
      throw new Refused("body_too_large", `images: expected at most ${maxMb} MiB for one job, found more.`);
    }
    space.grow(this.folder.path, bytes);
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
