/** A job that is being received: its images go to disk as they arrive. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileError, mebibyte } from "../../kit/index.js";
import { type JobSpace, spaceOf } from "../kept/job-space.js";
import type { Upload } from "../uploads/upload.js";
import { Refused } from "../wire/problems.js";
import { type ArrivedFile, isArchive, putArrived } from "./arrived-files.js";
import type { Job } from "./job.js";
import { draftPrefix, JobFolder } from "./job-folder.js";

export interface JobDraftOptions {
  /** The folder with the folders of all jobs. */
  readonly parent: string;
  /** For the images of this job. */
  readonly maxMb: number;
  readonly space: JobSpace;
  /** Name of the API key that asks for the job; empty without API keys. */
  readonly client: string;
}

/** A folder that becomes a job's folder when everything has arrived. */
export class JobDraft {
  readonly folder: JobFolder;
  readonly digest = createHash("sha256");
  readonly #options: JobDraftOptions;
  readonly #lines: string[] = [];
  #linesChars = 0;
  #bytes = 0;
  readonly #arrived: string[] = [];
  /** The uploads that the job uses. */
  readonly uploads: Upload[] = [];
  /** Their ids, and those of uploads that an earlier job has used. */
  readonly uploadIds: string[] = [];
  given = 0;

  private constructor(options: JobDraftOptions) {
    this.#options = options;
    this.folder = this.#folderAt(`${draftPrefix}${randomUUID()}`);
  }

  get client(): string {
    return this.#options.client;
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

  /** Adds an upload, which stays as it is. Throws `body_too_large`, and `request_invalid` for an id of an archive. */
  async addUpload(upload: Upload, given: Pick<ArrivedFile, "id" | "metadata">): Promise<void> {
    this.#countBytes(spaceOf(upload.record.lengthBytes));
    const arrived = await putArrived(this.folder, upload, { at: this.uploads.length, ...given });
    if (isArchive(arrived) && arrived.id !== null) throw new Refused("request_invalid", "id: expected none for an archive, found one.");
    this.uploads.push(upload);
    this.noteUpload(upload.record.id, given);
    this.#arrived.push(`${JSON.stringify(arrived)}\n`);
  }

  /** Adds an upload that an earlier job has used, for the digest of a request that is repeated. */
  noteUpload(id: string, given: Pick<ArrivedFile, "id" | "metadata">): void {
    this.given += 1;
    this.uploadIds.push(id);
    this.digest.update(JSON.stringify({ upload: id, ...given }));
  }

  /** Makes the draft the folder of a job. */
  async commit(job: Job): Promise<JobFolder> {
    if (this.#lines.length > 0) await this.#flush();
    if (this.#arrived.length > 0) await this.#append(this.folder.arrivedListPath, this.#arrived);
    await this.folder.write(job);
    const folder = this.#folderAt(job.id);
    await rename(this.folder.path, folder.path);
    folder.space.set(this.#bytes);
    this.folder.space.set(0);
    return folder;
  }

  /** Deletes the draft. A draft that has become the folder of a job stays. */
  discard(): Promise<void> {
    return this.folder.delete();
  }

  #take(bytes: number): void {
    this.#countBytes(bytes);
    this.folder.space.grow(bytes);
  }

  #folderAt(name: string): JobFolder {
    const { parent, space, client } = this.#options;
    const path = join(parent, name);
    return new JobFolder(path, space.folder(path, client));
  }

  #countBytes(bytes: number): void {
    const { maxMb } = this.#options;
    this.#bytes += bytes;
    if (this.#bytes > maxMb * mebibyte) {
      throw new Refused("body_too_large", `images: expected at most ${maxMb} MiB for one job, found more.`);
    }
  }

  async #flush(): Promise<void> {
    await this.#append(this.folder.linesPath, this.#lines);
    this.#lines.length = 0;
    this.#linesChars = 0;
  }

  async #append(path: string, lines: readonly string[]): Promise<void> {
    const file = await open(path, "a", 0o600);
    try {
      await file.appendFile(lines.join(""));
      await file.datasync();
    } catch (cause) {
      throw fileError(cause, path, "written");
    } finally {
      await file.close();
    }
  }
}
