/**
 * Copies tables and archives from buckets and web servers to the disk while a run needs them. All copies of a pipeline share a limited room.
 * One copy that nobody needs any more is kept, for a next call.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type CopyTarget, HeadraceError, type ImageRef, type Part, type Reader } from "../../contracts/index.js";
import { checkAborted, fileMark, type RemoteFile, SerialQueue, unlessAborted } from "../../kit/index.js";
import { containerExtension } from "../inputs/container-kinds.js";
import { CopyFile } from "./copy-file.js";
import { CopyFolder, removeAbandoned } from "./copy-folder.js";
import { type CopyPurpose, CopyRoom } from "./copy-room.js";
import { CopyUses } from "./copy-uses.js";

export interface RemoteCopiesOptions {
  /** The folder for copies. Each process makes a folder of its own in it. */
  readonly folder: string;
  /** Room for all copies together. */
  readonly maxBytes: number;
  /** Time for one file. */
  readonly timeoutMs: number;
  /** Returns open readers. */
  readonly readers: (signal: AbortSignal) => Promise<readonly Reader[]>;
}

/** A copy in use. The caller that opened it calls `release` once. */
export interface OpenCopy {
  readonly path: string;
  readonly version: string;
  /** See `fileMark`. */
  readonly mark: string;
  release(): void;
}

interface Copy {
  readonly uri: string;
  readonly file: CopyFile;
  readonly version: string;
  readonly mark: string;
}

/** After a failure, members of the same file fail at once for so long. Otherwise each of thousands would wait for the same dead server. */
const failedForMs = 60_000;

export class RemoteCopies implements Part {
  readonly name = "downloads";
  readonly #options: RemoteCopiesOptions;
  readonly #copies = new Map<string, Copy>();
  readonly #failures = new Map<string, { readonly error: HeadraceError; readonly atMs: number }>();
  readonly #room: CopyRoom;
  /** Copies for the same purpose are made one after the other. Two that are half complete could wait for each other's room. */
  readonly #making: Readonly<Record<CopyPurpose, SerialQueue>> = { list: new SerialQueue(), read: new SerialQueue() };
  readonly uses = new CopyUses((uri) => this.#onUnused(uri));
  #folder: Promise<CopyFolder> | null = null;
  #unused: Copy | null = null;
  #deleting: Promise<void> = Promise.resolve();

  constructor(options: RemoteCopiesOptions) {
    this.#options = options;
    this.#room = new CopyRoom(options.maxBytes, (purpose) => this.#evict(purpose));
  }

  /**
   * Returns a copy of the file. For "list", an earlier copy that nobody uses is compared with its source. Throws an error of scope "item",
   * `disk_full` or `state_unwritable`.
   */
  async lease(file: RemoteFile, purpose: CopyPurpose, signal: AbortSignal): Promise<OpenCopy> {
    await this.#deleting;
    const found = this.#usable(file, purpose);
    if (found !== null) return this.#lend(found);
    const making = this.#making[purpose].run(async () => {
      checkAborted(signal, "copying");
      const made = this.#usable(file, purpose);
      return made === null ? this.#copy(file, purpose, signal) : this.#lend(made);
    });
    try {
      return await unlessAborted(making, signal, "copying");
    } catch (error) {
      // The caller no longer waits for the copy, so nobody else would release it.
      making.then(
        ({ release }) => release(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Deletes what killed processes have left behind. */
  removeAbandoned(): Promise<void> {
    return removeAbandoned(this.#options.folder);
  }

  /** Deletes all copies. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#deleting, this.#making.list.idle(), this.#making.read.idle()]);
    for (const { file } of this.#copies.values()) await file.discard();
    this.#copies.clear();
    await (await this.#folder)?.remove();
    this.#folder = null;
  }

  #usable({ uri }: RemoteFile, purpose: CopyPurpose): Copy | null {
    const copy = this.#copies.get(uri) ?? null;
    return purpose === "read" || this.uses.has(uri) ? copy : null;
  }

  #lend(copy: Copy): OpenCopy {
    const { uri, file, version, mark } = copy;
    const end = this.uses.begin(uri);
    if (this.#unused === copy) this.#unused = null;
    return { path: file.path, version, mark, release: end };
  }

  async #copy(remote: RemoteFile, purpose: CopyPurpose, signal: AbortSignal): Promise<OpenCopy> {
    const { uri } = remote;
    const failed = this.#failures.get(uri);
    if (purpose === "read" && failed !== undefined && performance.now() - failed.atMs < failedForMs) throw failed.error;
    this.#failures.delete(uri);
    try {
      return await this.#fetch(remote, purpose, signal);
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      if (error.scope === "item") this.#failures.set(uri, { error, atMs: performance.now() });
      throw error;
    }
  }

  async #fetch(remote: RemoteFile, purpose: CopyPurpose, signal: AbortSignal): Promise<OpenCopy> {
    const { uri } = remote;
    const path = (await this.#ownFolder()).newPath(containerExtension(uri));
    const file = new CopyFile(path, this.#room, { uri, purpose, signal });
    const old = this.#copies.get(uri) ?? null;
    // Nobody may delete the old copy before the server has said whether it is still valid.
    const endComparing = old === null ? (): void => undefined : this.uses.begin(uri);
    const target: CopyTarget = {
      get writtenBytes() {
        return file.writtenBytes;
      },
      begin: async (sizeBytes) => {
        if (old !== null && this.#copies.get(uri) === old) await this.#delete(old);
        await file.begin(sizeBytes);
      },
      write: (bytes) => file.write(bytes),
    };
    try {
      const reader = await this.#reader(remote, signal);
      const options = { storedVersion: old?.version ?? null, timeoutMs: this.#options.timeoutMs };
      const copied = await reader.copy(refOf(remote), target, options, signal);
      if (copied === null && old !== null) return this.#lend(old);
      await file.end();
      const copy = { uri, file, version: copied?.version ?? (await hashOf(path)), mark: fileMark(await stat(path, { bigint: true })) };
      this.#copies.set(uri, copy);
      return this.#lend(copy);
    } catch (cause) {
      await file.discard();
      throw HeadraceError.from(cause);
    } finally {
      endComparing();
    }
  }

  async #reader({ scheme, uri }: RemoteFile, signal: AbortSignal): Promise<Required<Pick<Reader, "copy">>> {
    for (const reader of await this.#options.readers(signal)) {
      const { copy } = reader;
      if (copy !== undefined && reader.schemes.includes(scheme)) return { copy: copy.bind(reader) };
    }
    throw new HeadraceError("source_unreadable", `${uri}: expected a reader that copies files of the scheme "${scheme}:", found none`, {
      item: uri,
      retryable: false,
    });
  }

  async #ownFolder(): Promise<CopyFolder> {
    this.#folder ??= removeAbandoned(this.#options.folder).then(() => CopyFolder.create(this.#options.folder));
    try {
      return await this.#folder;
    } catch (error) {
      this.#folder = null;
      throw error;
    }
  }

  /** Keeps the copy, and deletes the one that was kept before. */
  #onUnused(uri: string): void {
    const copy = this.#copies.get(uri);
    if (copy !== undefined) {
      const before = this.#unused;
      this.#unused = copy;
      if (before !== null && before !== copy) this.#deleting = this.#deleting.then(() => this.#deleteUnused(before));
    }
    this.#room.changed();
  }

  async #deleteUnused(copy: Copy): Promise<void> {
    if (!this.uses.has(copy.uri) && this.#copies.get(copy.uri) === copy) await this.#delete(copy);
  }

  async #evict(purpose: CopyPurpose): Promise<boolean> {
    const isFree = ({ uri }: Copy) => (purpose === "read" ? !this.uses.isOpen(uri) : !this.uses.has(uri));
    const copy = [...this.#copies.values()].find(isFree);
    if (copy === undefined) return false;
    await this.#delete(copy);
    return true;
  }

  async #delete(copy: Copy): Promise<void> {
    this.#copies.delete(copy.uri);
    if (this.#unused === copy) this.#unused = null;
    await copy.file.discard();
  }
}

function refOf({ uri, location, scheme }: RemoteFile): ImageRef {
  return { uri, location, scheme, root: uri, version: null, sizeBytes: null, metadata: null };
}

/** The version of a file whose server tells none. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex").slice(0, 32)}`;
}
