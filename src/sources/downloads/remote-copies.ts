/**
 * Copies tables and archives from buckets and web servers to the disk while a run needs them. All copies of a pipeline share a limited room.
 * One copy that nobody needs any more is kept, for a next call.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type CopyTarget, HeadraceError, type ImageRef, type Part, type Reader } from "../../contracts/index.js";
import { checkAborted, fileMark, type RemoteFile, SerialQueue, unlessAborted } from "../../kit/index.js";
import { containerExtension } from "../container-kinds.js";
import { CopyFile } from "./copy-file.js";
import { CopyFolder, removeAbandoned } from "./copy-folder.js";
import { type CopyPurpose, CopyRoom } from "./copy-room.js";
import { CopyUses } from "./copy-uses.js";
import type { KnownState } from "./name-record.js";
import { NameRecords } from "./name-records.js";

export interface RemoteCopiesOptions {
  /** The folder for copies. Each process makes a folder of its own in it. */
  readonly folder: string;
  /** Room for all copies together. */
  readonly maxBytes: number;
  /** Room for the records of names. 0: no names are recorded. */
  readonly namesMaxBytes: number;
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
  /** What the server tells of the file. null: it tells no version. */
  readonly told: KnownState | null;
  release(): void;
}

interface Copy {
  readonly uri: string;
  readonly file: CopyFile;
  readonly version: string;
  readonly mark: string;
  readonly told: KnownState | null;
}

interface CopyWish {
  readonly purpose: CopyPurpose;
  /** Nothing is copied if the file is still in this state. null: it is copied, unless there is a copy of this process that is still valid. */
  readonly known: KnownState | null;
}

/** Beside the folders of the processes. */
const namesFolder = "names";

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
  /** null: no names are recorded. */
  readonly names: NameRecords | null;
  readonly uses = new CopyUses((uri) => this.#onUnused(uri));
  #folder: Promise<CopyFolder> | null = null;
  #unused: Copy | null = null;
  #deleting: Promise<void> = Promise.resolve();

  constructor(options: RemoteCopiesOptions) {
    this.#options = options;
    this.#room = new CopyRoom(
      options.maxBytes,
      (purpose) => this.#evict(purpose),
      () => this.uses.isBeingRead,
    );
    this.names = options.namesMaxBytes === 0 ? null : new NameRecords(join(options.folder, namesFolder), options.namesMaxBytes);
  }

  /**
   * Returns a copy of the file. For "list", an earlier copy that nobody uses is compared with its source. Throws an error of scope "item",
   * `disk_full` or `state_unwritable`.
   */
  async lease(file: RemoteFile, purpose: CopyPurpose, signal: AbortSignal): Promise<OpenCopy> {
    await this.#deleting;
    const found = this.#usable(file, purpose);
    if (found !== null) return this.#lend(found, purpose);
    const made = await this.#make(file, { purpose, known: null }, signal);
    if (made !== null) return made;
    throw new HeadraceError("unexpected", `${file.uri}: expected a copy, found none`, { item: file.uri });
  }

  /** As `lease` for "list". Returns null if the file is still in the state that is known. */
  async leaseIfChanged(file: RemoteFile, known: KnownState, signal: AbortSignal): Promise<OpenCopy | null> {
    await this.#deleting;
    const found = this.#usable(file, "list");
    if (found !== null) return found.version === known.version ? null : this.#lend(found, "list");
    return this.#make(file, { purpose: "list", known }, signal);
  }

  /** Returns a path for a file that is deleted at the end of this process, at the latest. */
  async temporaryPath(extension: string): Promise<string> {
    return (await this.#ownFolder()).newPath(extension);
  }

  async #make(file: RemoteFile, wish: CopyWish, signal: AbortSignal): Promise<OpenCopy | null> {
    const { purpose } = wish;
    const making = this.#making[purpose].run(async () => {
      checkAborted(signal, "copying");
      const made = this.#usable(file, purpose);
      return made === null ? this.#copy(file, wish, signal) : this.#lend(made, purpose);
    });
    try {
      return await unlessAborted(making, signal, "copying");
    } catch (error) {
      // The caller no longer waits for the copy, so nobody else would release it.
      making.then(
        (copy) => copy?.release(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Deletes what killed processes have left behind. */
  removeAbandoned(): Promise<void> {
    return removeAbandoned(this.#options.folder, namesFolder);
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

  #lend(copy: Copy, purpose: CopyPurpose): OpenCopy {
    const { uri, file, version, mark, told } = copy;
    const end = this.uses.begin(uri, purpose);
    if (this.#unused === copy) this.#unused = null;
    const release = (): void => {
      end();
      this.#room.changed();
    };
    return { path: file.path, version, mark, told, release };
  }

  async #copy(remote: RemoteFile, wish: CopyWish, signal: AbortSignal): Promise<OpenCopy | null> {
    const { uri } = remote;
    const failed = this.#failures.get(uri);
    if (wish.purpose === "read" && failed !== undefined && performance.now() - failed.atMs < failedForMs) throw failed.error;
    this.#failures.delete(uri);
    try {
      return await this.#fetch(remote, wish, signal);
    } catch (thrown) {
      const error = HeadraceError.from(thrown);
      if (error.scope === "item") this.#failures.set(uri, { error, atMs: performance.now() });
      throw error;
    }
  }

  async #fetch(remote: RemoteFile, { purpose, known }: CopyWish, signal: AbortSignal): Promise<OpenCopy | null> {
    const { uri } = remote;
    const path = await this.temporaryPath(containerExtension(uri));
    const file = new CopyFile(path, this.#room, { uri, purpose, signal });
    const old = this.#copies.get(uri) ?? null;
    // Nobody may delete the old copy before the server has said whether it is still valid.
    const endComparing = old === null ? (): void => undefined : this.uses.begin(uri, "list");
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
      const stored = known ?? old?.told ?? null;
      const options = {
        storedVersion: stored?.version ?? null,
        storedSizeBytes: stored?.sizeBytes ?? null,
        timeoutMs: this.#options.timeoutMs,
      };
      const copied = await reader.copy(refOf(remote), target, options, signal);
      if (copied === null) return known === null && old !== null ? this.#lend(old, purpose) : null;
      await file.end();
      const mark = fileMark(await stat(path, { bigint: true }));
      const told = copied.version === null ? null : { version: copied.version, sizeBytes: copied.sizeBytes };
      const copy = { uri, file, version: told?.version ?? (await hashOf(path)), mark, told };
      this.#copies.set(uri, copy);
      return this.#lend(copy, purpose);
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
    this.#folder ??= this.removeAbandoned().then(() => CopyFolder.create(this.#options.folder));
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
    const free = [...this.#copies.values()].filter(isFree);
    const copy = free.find(({ uri }) => !this.uses.isExpected(uri)) ?? free[0];
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
