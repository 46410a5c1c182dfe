/** Keeps the images that were sent to the server, so that their pictures can be shown: files by the SHA-256 of their bytes, up to a limit. */
import { randomUUID } from "node:crypto";
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ImageEmbeddingPipeline, Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { mebibyte } from "../../kit/index.js";
import { type SentImage, sha256Of } from "../insertions/sources.js";
import type { Log } from "../telemetry/log.js";

export interface KeptUploadsOptions {
  readonly pipeline: Pick<ImageEmbeddingPipeline, "listCollections" | "scan">;
  readonly settings: Settings;
  readonly log: Log;
}

const hashPattern = /^[0-9a-f]{64}$/;
const uploadedRows = 'startsWith(source, "sha256:")';

export class KeptUploads {
  readonly #options: KeptUploadsOptions;
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Bytes by SHA-256. The one that was sent first comes first. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  /** Images that were sent since the comparison with the rows began. */
  readonly #fresh = new Set<string>();
  readonly #closing = new AbortController();
  #comparing: Promise<void> | null = null;
  #isOwed = false;

  private constructor(options: KeptUploadsOptions) {
    this.#options = options;
    this.#folder = resolve(options.settings.lancedb.path, "uploads");
    this.#maxBytes = options.settings.server.keepUploadsMb * mebibyte;
  }

  /** Finds the images of earlier servers, and deletes those that are over the limit or that no row names. */
  static async open(options: KeptUploadsOptions): Promise<KeptUploads> {
    const uploads = new KeptUploads(options);
    await uploads.#guarded(async () => {
      await uploads.#readFolder();
      await uploads.#trim();
    });
    uploads.forgetUnused();
    return uploads;
  }

  /** Keeps stored images. One that cannot be written is reported in the log: its row is stored all the same. */
  async keep(images: readonly SentImage[]): Promise<void> {
    if (this.#maxBytes === 0 || images.length === 0) return;
    await this.#guarded(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (const { sha256, bytes } of images) {
        await this.#add(sha256, bytes.byteLength, async (path) => {
          const partial = `${path}.${randomUUID()}.partial`;
          await writeFile(partial, bytes, { mode: 0o600 });
          await rename(partial, path);
        });
      }
    });
  }

  /** Keeps some of the images in the folder of a job. The job's own files stay until the job's end is written. */
  async take(folder: string, isStored: (sha256: string) => boolean): Promise<void> {
    if (this.#maxBytes === 0) return;
    await this.#guarded(async () => {
      const names = (await readdir(folder).catch(absent)) ?? [];
      if (names.length > 0) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (const name of names) {
        if (!hashPattern.test(name) || !isStored(name)) continue;
        const { size } = await stat(join(folder, name));
        // Some file systems have no links.
        await this.#add(name, size, (path) => link(join(folder, name), path).catch(() => copyFile(join(folder, name), path)));
      }
    });
  }

  /** Returns the image that a row names as its source; null if it was not sent to the server, or is not kept any more. */
  async read(source: string): Promise<Uint8Array | null> {
    const path = this.file(source);
    return path === null ? null : readFile(path).catch(absent);
  }

  /** Returns the path of the image that a row names as its source; null if it was not sent to the server, or is not kept any more. */
  file(source: string): string | null {
    const sha256 = sha256Of(source);
    return sha256 === null || !this.#sizes.has(sha256) ? null : this.#path(sha256);
  }

  /** Deletes the images that no row of any collection names any more. Begins soon, and does not wait. */
  forgetUnused(): void {
    this.#isOwed = true;
    this.#comparing ??= this.#compareAll().finally(() => {
      this.#comparing = null;
    });
  }

  /** Resolves when no file is deleted any more. */
  async close(): Promise<void> {
    this.#closing.abort(new HeadraceError("aborted", "the server is stopping"));
    await this.#comparing;
  }

  async #compareAll(): Promise<void> {
    while (this.#isOwed && !this.#closing.signal.aborted) {
      this.#isOwed = false;
      await this.#guarded(() => this.#compare());
    }
  }

  async #compare(): Promise<void> {
    const { pipeline } = this.#options;
    this.#fresh.clear();
    const unused = new Set(this.#sizes.keys());
    if (unused.size === 0) return;
    for (const { name } of await pipeline.listCollections()) {
      for await (const rows of pipeline.scan(name, { vectors: "omit", filter: uploadedRows, signal: this.#closing.signal }))
        for (const { facts } of rows) unused.delete(facts.source.replace("sha256:", ""));
    }
    for (const sha256 of unused) if (!this.#fresh.has(sha256)) await this.#remove(sha256);
  }

  async #add(sha256: string, bytes: number, place: (path: string) => Promise<void>): Promise<void> {
    this.#fresh.add(sha256);
    await place(this.#path(sha256));
    this.#forget(sha256);
    this.#sizes.set(sha256, bytes);
    this.#bytes += bytes;
    await this.#trim();
  }

  async #trim(): Promise<void> {
    for (const sha256 of this.#sizes.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      await this.#remove(sha256);
    }
  }

  async #remove(sha256: string): Promise<void> {
    this.#forget(sha256);
    await rm(this.#path(sha256), { force: true });
  }

  #forget(sha256: string): void {
    this.#bytes -= this.#sizes.get(sha256) ?? 0;
    this.#sizes.delete(sha256);
  }

  async #readFolder(): Promise<void> {
    const names = (await readdir(this.#folder).catch(absent)) ?? [];
    const found = await Promise.all(names.map(async (name) => ({ name, ...(await stat(join(this.#folder, name))) })));
    for (const { name, size } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (!hashPattern.test(name)) await rm(join(this.#folder, name), { force: true });
      else {
        this.#sizes.set(name, size);
        this.#bytes += size;
      }
    }
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256);
  }

  /** Pictures are not worth a failed request or job. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.log("warn", "uploads not kept", { message: HeadraceError.from(error).message });
    }
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
