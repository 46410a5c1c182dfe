/** Makes images of the uploads of a job: an upload is one image, or an archive whose images are unpacked as if each had been sent. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageEmbeddingPipeline, type ListingRequest, listInputs } from "../../app/index.js";
import { HeadraceError, type ImageRef, type IngestInput, type Metadata } from "../../contracts/index.js";
import { fileError, keyOf, mebibyte, StagedFiles, textLines } from "../../kit/index.js";
import { spaceOf } from "../kept/job-space.js";
import { uploadUri } from "./allowed-sources.js";
import { type ArrivedFile, isArchive } from "./arrived-files.js";
import type { JobFolder } from "./job-folder.js";

export interface UnpackingOptions {
  readonly pipeline: Pick<ImageEmbeddingPipeline, "readImage" | "listingSettings">;
  readonly folder: JobFolder;
  /** Maximum MiB of all images of one job. */
  readonly maxMb: number;
  /** How archives are listed. */
  readonly listing: Pick<ListingRequest, "columns" | "badLines" | "onLeftOut" | "onSkippedLine">;
  /** Fires when the job is to read no more. */
  readonly stop: AbortSignal;
}

/** An image that the job does not get, and why. */
interface RefusedImage {
  readonly source: string;
  readonly error: Pick<HeadraceError, "code" | "message" | "hint">;
}

/** Errors that concern all images of the job. */
const endsJob: ReadonlySet<string> = new Set(["disk_full", "state_unwritable", "aborted", "part_missing"]);

/**
 * Writes the lines of the images to `folder.unpackedPath`, and what the job does not get to `folder.refusedPath`. Returns the number of the
 * latter. Begins anew when it is repeated: images that are unpacked already stay.
 */
export async function unpackArrived(options: UnpackingOptions): Promise<number> {
  const { folder, stop } = options;
  const files = await StagedFiles.create([folder.unpackedPath, folder.refusedPath]);
  try {
    const unpacking = new Unpacking(options, files, await folder.uploadsBytes());
    for await (const text of textLines(createReadStream(folder.arrivedListPath, "utf8"))) {
      if (stop.aborted) break;
      const arrived = JSON.parse(text) as ArrivedFile;
      if (isArchive(arrived)) await unpacking.addArchive(arrived);
      else await unpacking.addImage(arrived);
    }
    await files.place();
    return unpacking.refused;
  } finally {
    await files.discard();
  }
}

/** The images of archives that could not be unpacked, as inputs that fail. */
export async function* refusedInputs({ refusedPath }: JobFolder): AsyncGenerator<IngestInput> {
  for await (const text of textLines(createReadStream(refusedPath, "utf8"))) {
    const { source, error } = JSON.parse(text) as RefusedImage;
    const refused = {
      kind: "fail",
      error: new HeadraceError(error.code, error.message, { hint: error.hint, item: source, scope: "item" }),
    } as const;
    yield {
      id: keyOf(source),
      ref: { uri: source, location: source, scheme: "upload", root: source, version: null, sizeBytes: null, metadata: null, refused },
    };
  }
}

class Unpacking {
  /** Number of images that the job does not get. */
  refused = 0;
  readonly #options: UnpackingOptions;
  readonly #files: StagedFiles;
  #leftBytes: number;

  constructor(options: UnpackingOptions, files: StagedFiles, usedBytes: number) {
    this.#options = options;
    this.#files = files;
    this.#leftBytes = options.maxMb * mebibyte - usedBytes;
  }

  async addImage({ file, name, id, metadata }: ArrivedFile): Promise<void> {
    const { folder } = this.#options;
    const path = join(folder.arrivedPath, file);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    const sha256 = hash.digest("hex");
    const target = join(folder.uploadsPath, sha256);
    // Both names are one file where the file system has links. An earlier attempt may have made it.
    if (!(await exists(target))) await link(path, target).catch(async () => this.#place(target, await readFile(path)));
    await this.#addLine(sha256, { id: id ?? undefined, metadata: { ...named(name), ...metadata } });
  }

  async addArchive(arrived: ArrivedFile): Promise<void> {
    const { pipeline, folder, listing, stop } = this.#options;
    const path = join(folder.arrivedPath, arrived.file);
    const name = arrived.name ?? "archive";
    for await (const input of listInputs({ ...pipeline.listingSettings, ...listing, paths: [path] })(stop)) {
      const { ref } = input;
      const source = ref.uri.includes("#") ? `upload:${name}${ref.uri.slice(ref.uri.indexOf("#"))}` : `upload:${name}`;
      const publicly = (text: string): string => text.replaceAll(ref.uri, source).replaceAll(path, name);
      try {
        if (ref.refused?.kind === "skip") continue;
        if (ref.refused !== undefined) throw ref.refused.error;
        const bytes = await pipeline.readImage(ref, { signal: stop });
        if (!this.#hasRoom(bytes)) return await this.#refuse(`upload:${name}`, tooLarge(name, this.#options));
        await this.#addMember(input, arrived, bytes);
      } catch (thrown) {
        const error = HeadraceError.from(thrown);
        if (endsJob.has(error.code)) throw error;
        await this.#refuse(source, { code: error.code, message: publicly(error.message), hint: error.hint });
      }
    }
  }

  async #addMember({ id, ref }: IngestInput, { metadata }: ArrivedFile, bytes: Uint8Array): Promise<void> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const target = join(this.#options.folder.uploadsPath, sha256);
    if (!(await exists(target))) await this.#place(target, bytes);
    const own = keyOf(ref.uri) === id ? undefined : id;
    await this.#addLine(sha256, {
      id: typeof own === "bigint" ? Number(own) : own,
      metadata: { ...named(memberOf(ref)), ...metadata, ...ref.metadata },
    });
  }

  #hasRoom({ byteLength }: Uint8Array): boolean {
    const bytes = spaceOf(byteLength);
    return bytes <= this.#leftBytes && this.#options.folder.space.hasRoom(bytes);
  }

  /** A file is there as a whole or not at all. */
  async #place(target: string, bytes: Uint8Array): Promise<void> {
    const { folder } = this.#options;
    const size = spaceOf(bytes.byteLength);
    const partial = `${target}.${randomUUID()}.partial`;
    try {
      await writeFile(partial, bytes, { mode: 0o600 });
      await rename(partial, target);
    } catch (cause) {
      await rm(partial, { force: true });
      throw fileError(cause, target, "written");
    }
    this.#leftBytes -= size;
    folder.space.grow(size);
  }

  /** A file of the job gets the id that its content has in the library. */
  #addLine(sha256: string, { id, metadata }: { readonly id: string | number | undefined; readonly metadata: Metadata }): Promise<void> {
    const line = { input: `uploads/${sha256}`, id: id ?? keyOf(uploadUri(sha256)), metadata };
    return this.#files.append(this.#options.folder.unpackedPath, `${JSON.stringify(line)}\n`);
  }

  #refuse(source: string, error: RefusedImage["error"]): Promise<void> {
    this.refused += 1;
    return this.#files.append(this.#options.folder.refusedPath, `${JSON.stringify({ source, error })}\n`);
  }
}

/** What follows in the archive is not unpacked. */
function tooLarge(name: string, { maxMb }: UnpackingOptions): HeadraceError {
  const message = `${name}: expected images of at most ${maxMb} MiB for one job, and room for them on disk, found more`;
  return new HeadraceError("source_too_large", message, {
    scope: "item",
    hint: "The images before are stored. Send smaller archives to several jobs, or raise `server.max_job_mb` and `server.max_jobs_mb`.",
  });
}

const named = (filename: string | null): Metadata => (filename === null ? {} : { filename });

const memberOf = ({ uri }: ImageRef): string => decodeURIComponent(uri.slice(uri.indexOf("#") + 1));

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
