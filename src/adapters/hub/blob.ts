/** Fetches one file of a model into the cache. What is there already is not sent again, and every byte is checked by the hash of the hub. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { type CopyTarget, HeadraceError, type Reader } from "../../contracts/index.js";
import { checkAborted, fileError, urlRef } from "../../kit/index.js";
import { sizeOf } from "./cache.js";
import type { HubFile } from "./repository-files.js";

/** A file has a day to arrive. A connection without a byte is given up long before. */
const timeoutMs = 24 * 60 * 60 * 1000;

export interface BlobRequest {
  /** The address of the file, of one commit, so that it never changes. */
  readonly url: string;
  readonly file: HubFile;
  /** The path of the whole file. */
  readonly path: string;
  readonly reader: Reader;
  /** Called with the number of bytes that are there, of this file. */
  readonly onBytes: (bytes: number) => void;
}

/** Throws `model_unavailable` without a name if the bytes are not those of the hub, `disk_full`, and the errors of the reader. */
export async function fetchBlob(request: BlobRequest, signal: AbortSignal): Promise<void> {
  const { file, path, onBytes } = request;
  if ((await sizeOf(path)) !== file.sizeBytes) await fetchMissing(request, signal);
  onBytes(file.sizeBytes);
}

async function fetchMissing({ url, file, path, reader, onBytes }: BlobRequest, signal: AbortSignal): Promise<void> {
  const part = await PartFile.open(`${path}.headrace-part`, file.sizeBytes, onBytes);
  try {
    const { sizeBytes: fixedSizeBytes } = file;
    if (part.writtenBytes < fixedSizeBytes || fixedSizeBytes === 0) {
      await reader.copy?.(urlRef(url), part, { storedVersion: null, storedSizeBytes: null, fixedSizeBytes, timeoutMs }, signal);
    }
  } finally {
    await part.close();
  }
  const found = await hashOf(part.path, file, signal);
  if (found === file.hash.hex) return moved(part.path, path);
  await rm(part.path, { force: true });
  throw new HeadraceError("model_unavailable", `${url}: expected the ${file.hash.kind} hash ${file.hash.hex}, found ${found}`, {
    item: url,
    hint: "Run the same command again. If this repeats, a proxy or a mirror changes the file: check HF_ENDPOINT.",
  });
}

async function moved(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (cause) {
    throw fileError(cause, to, "written");
  }
}

/** The file while it arrives. It stays when the process ends, so that the next one asks for the rest. */
class PartFile implements CopyTarget {
  #writtenBytes: number;

  private constructor(
    readonly path: string,
    readonly handle: FileHandle,
    readonly sizeBytes: number,
    readonly onBytes: (bytes: number) => void,
    writtenBytes: number,
  ) {
    this.#writtenBytes = writtenBytes;
  }

  static async open(path: string, sizeBytes: number, onBytes: (bytes: number) => void): Promise<PartFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const handle = await open(path, "a");
      const { size } = await handle.stat();
      if (size > sizeBytes) await truncate(path);
      return new PartFile(path, handle, sizeBytes, onBytes, size > sizeBytes ? 0 : size);
    } catch (cause) {
      throw fileError(cause, path, "written");
    }
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async begin(): Promise<void> {
    await this.#do(() => this.handle.truncate());
    this.#writtenBytes = 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const length = this.#writtenBytes + bytes.byteLength;
    if (length > this.sizeBytes) {
      throw new HeadraceError("source_too_large", `${this.path}: expected ${this.sizeBytes} bytes, found more`, { item: this.path });
    }
    await this.#do(() => this.handle.appendFile(bytes));
    this.#writtenBytes = length;
    this.onBytes(length);
  }

  close(): Promise<void> {
    return this.#do(() => this.handle.close());
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw fileError(cause, this.path, "written");
    }
  }
}

async function hashOf(path: string, { hash, sizeBytes }: HubFile, signal: AbortSignal): Promise<string> {
  const sum = createHash(hash.kind === "git" ? "sha1" : "sha256");
  if (hash.kind === "git") sum.update(`blob ${sizeBytes}\0`);
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), sum, { signal });
  } catch (cause) {
    checkAborted(signal, "fetching a model");
    throw fileError(cause, path, "read");
  }
  return sum.digest("hex");
}
