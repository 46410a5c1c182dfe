/** Files that clients send in parts, before a job uses them. They survive lost connections and restarts. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { fileError, mebibyte } from "../../kit/index.js";
import { type FolderSpace, type JobSpace, spaceOf } from "../kept/job-space.js";
import type { Log } from "../telemetry/log.js";
import { Refused } from "../wire/problems.js";
import { Upload } from "./upload.js";
import { isUploadId } from "./upload-record.js";

export interface UploadsOptions {
  readonly folder: string;
  readonly settings: Pick<Settings["server"], "maxJobMb" | "maxUploads" | "uploadLifetime">;
  readonly space: JobSpace;
  readonly log: Log;
}

export interface NewUpload {
  /** Name of the API key; empty without API keys. */
  readonly client: string;
  readonly lengthBytes: number;
  readonly metadata: string;
}

/** What the record of an upload takes. */
const recordBytes = 4096;
const maxSweepEveryMs = 60_000;

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #uploads = new Map<string, Upload>();
  /** Uploads that are about to be in the list. */
  readonly #creating = new Set<NewUpload>();
  #sweeping: NodeJS.Timeout | null = null;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Finds the uploads of earlier servers, and deletes those whose time is over. */
  async open(): Promise<void> {
    const { folder, log, settings } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of (await readdir(folder)).filter(isUploadId)) {
      const path = join(folder, name);
      const upload = await Upload.read(path);
      if (upload === "damaged") log("warn", "upload left alone", { folder: path, reason: "expected a whole record of this version" });
      // A crash came before the client had its id.
      else if (upload === "none") await rm(path, { recursive: true, force: true });
      else this.#add(upload);
    }
    await this.#sweep();
    const everyMs = Math.min(maxSweepEveryMs, (settings.uploadLifetime * 1000) / 4);
    this.#sweeping = setInterval(() => void this.#sweep(), everyMs).unref();
  }

  /** Ends the requests that write. Their clients continue with the next server. */
  async close(): Promise<void> {
    if (this.#sweeping !== null) clearInterval(this.#sweeping);
    await Promise.all([...this.#uploads.values()].map((upload) => upload.interrupt()));
    this.#uploads.clear();
  }

  /** Those of one client, the oldest first. */
  list(client: string): readonly Upload[] {
    return [...this.#uploads.values()].filter(({ record }) => record.client === client && !isOver(record.expiresAt));
  }

  /** Deletes uploads that a job has. What cannot be deleted expires later. */
  async forget(uploads: readonly Upload[]): Promise<void> {
    for (const upload of uploads) await this.#deleteLogged(upload);
  }

  /** To other clients, there is no such upload. Throws `upload_not_found`. */
  get(id: string, client: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.record.client !== client || isOver(upload.record.expiresAt)) throw new Refused("upload_not_found");
    return upload;
  }

  /**
   * Takes the disk space of the whole file at once, so that no upload fails for lack of it later. Throws `body_too_large`, `uploads_full` and
   * `jobs_full`.
   */
  async create(wanted: NewUpload): Promise<Upload> {
    const { folder, settings, space } = this.#options;
    const { client, lengthBytes } = wanted;
    if (lengthBytes > settings.maxJobMb * mebibyte) {
      throw new Refused("body_too_large", `Upload-Length: expected at most ${settings.maxJobMb} MiB (\`server.max_job_mb\`), found more.`);
    }
    const creating = [...this.#creating].filter((other) => other.client === client);
    const unused = [...this.list(client).map(({ record }) => record), ...creating];
    if (unused.length >= settings.maxUploads) throw new Refused("uploads_full");
    const id = randomUUID();
    const path = join(folder, id);
    const ownSpace = space.folder(path, client);
    ownSpace.grow(spaceOf(lengthBytes) + recordBytes);
    this.#creating.add(wanted);
    try {
      await mkdir(path, { mode: 0o700 });
      const createdAt = new Date().toISOString();
      const upload = await Upload.create(path, { id, ...wanted, offsetBytes: 0, createdAt, expiresAt: this.expiry() });
      this.#uploads.set(id, upload);
      return upload;
    } catch (cause) {
      ownSpace.set(0);
      throw fileError(cause, path, "written");
    } finally {
      this.#creating.delete(wanted);
    }
  }

  /** When an upload expires that gets bytes now. ISO 8601, UTC. */
  expiry = (): string => new Date(Date.now() + this.#options.settings.uploadLifetime * 1000).toISOString();

  /** Deletes an upload, and ends the request that writes it. */
  async delete(upload: Upload): Promise<void> {
    await upload.inTurn(() => this.#forget(upload));
  }

  async #forget(upload: Upload): Promise<void> {
    await upload.delete();
    this.#uploads.delete(upload.record.id);
    this.#spaceOf(upload).set(0);
  }

  #add(upload: Upload): void {
    this.#spaceOf(upload).set(spaceOf(upload.record.lengthBytes) + recordBytes);
    this.#uploads.set(upload.record.id, upload);
  }

  #spaceOf({ folder, record }: Upload): FolderSpace {
    return this.#options.space.folder(folder, record.client);
  }

  /** Never rejects: what cannot be deleted is tried again later. */
  async #sweep(): Promise<void> {
    for (const upload of [...this.#uploads.values()]) {
      if (!upload.isInUse && isOver(upload.record.expiresAt)) await this.#deleteLogged(upload);
    }
  }

  async #deleteLogged(upload: Upload): Promise<void> {
    try {
      await this.delete(upload);
    } catch (error) {
      // Another request may have deleted it.
      if (error instanceof Refused) return;
      this.#options.log("warn", "upload stays", { folder: upload.folder, message: HeadraceError.from(error).message });
    }
  }
}

const isOver = (time: string): boolean => Date.parse(time) <= Date.now();
