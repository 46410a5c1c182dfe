/**
 * One watch of the system for each folder of a tree, and none for files: the watch of a folder also tells of the files in it. Node's own
 * watching of trees takes a watch for each file on Linux.
 */
import { type FSWatcher, watch } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { errnoOf } from "./errors.js";

export interface FolderTreeOptions {
  /** Called for a file that has changed or is new, and for a file in a new folder. Hidden files are left out. */
  readonly onFile: (path: string) => void;
  /** Called when changes may have been lost. */
  readonly onLost: () => void;
  readonly onNotice: (message: string) => void;
}

interface Watched {
  /** Null: the system allows no watch. */
  readonly watcher: FSWatcher | null;
  /** Device and inode. */
  readonly identity: string;
  /** The identities of the folder and of those above it, to detect links to a folder above. */
  readonly line: readonly string[];
}

/** "initial": the files of the folder are known. "new": they are told. */
type Files = "initial" | "new";

/** How often the root is looked for while it is away. */
const rootAwayMs = 1_000;

export class FolderTree {
  readonly #folders = new Map<string, Watched>();
  readonly #told = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  #rootTimer: NodeJS.Timeout | null = null;
  #isClosed = false;
  /** The caller lists the whole folder next, so nothing can be lost. */
  #isRenewing = false;

  constructor(
    readonly root: string,
    readonly options: FolderTreeOptions,
  ) {}

  /** Resolves when every folder has a watch. */
  open(): Promise<void> {
    return this.#add(this.root, [], "initial");
  }

  /** Compares each folder with the one that is watched, and watches those that are others now. Does not tell their files. */
  async renew(): Promise<void> {
    this.#isRenewing = true;
    try {
      for (const [path, { watcher, identity, line }] of [...this.#folders]) {
        const isWatched = watcher !== null && (await identityOf(path)) === identity;
        if (!isWatched && this.#folders.has(path)) await this.#add(path, line.slice(0, -1), "initial");
      }
      if (!this.#folders.has(this.root)) await this.#add(this.root, [], "initial");
    } finally {
      this.#isRenewing = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#rootTimer !== null) clearTimeout(this.#rootTimer);
    this.#forget(this.root);
    await Promise.all(this.#working);
  }

  /** The watch comes first, so that a file that is created while the folder is read is told. */
  async #add(path: string, above: readonly string[], files: Files): Promise<void> {
    const identity = await identityOf(path);
    if (identity === null || above.includes(identity) || this.#isClosed) return;
    this.#forget(path);
    const line = [...above, identity];
    this.#folders.set(path, { watcher: this.#watch(path), identity, line });
    try {
      for await (const entry of await opendir(path)) {
        if (this.#isClosed) return;
        if (entry.name.startsWith(".")) continue;
        const child = join(path, entry.name);
        if (entry.isDirectory() || (!entry.isFile() && (await isFolder(child)))) await this.#add(child, line, files);
        else if (files === "new") this.options.onFile(child);
      }
    } catch (error) {
      // The listing of the folder gives the reason, or finds that the folder is gone.
      if (!this.#isClosed) this.#lose(path, error);
    }
  }

  #watch(path: string): FSWatcher | null {
    try {
      const watcher = watch(path, (event, name) => this.#changed(path, event, name));
      watcher.on("error", (error) => this.#lose(path, error));
      return watcher;
    } catch (error) {
      this.#lose(path, error);
      return null;
    }
  }

  #changed(folder: string, event: string, name: string | null): void {
    if (this.#isClosed) return;
    if (name === null) {
      this.options.onLost();
      return;
    }
    const path = join(folder, name);
    if (!name.startsWith(".")) {
      if (event === "change") this.options.onFile(path);
      else this.#work(this.#look(path));
    }
    // The system tells the end of a watched folder under the name of the folder.
    if (event !== "change" && name === basename(folder)) this.#work(this.#lookAtEnd(folder));
  }

  /** Looks at a path that has come, gone or been replaced. */
  async #look(path: string): Promise<void> {
    if (await isFolder(path)) {
      const above = this.#folders.get(dirname(path))?.line ?? [];
      await this.#add(path, path === this.root ? [] : above, "new");
      return;
    }
    this.#forget(path);
    if (path === this.root) this.#awaitRoot();
    else this.options.onFile(path);
  }

  async #lookAtEnd(folder: string): Promise<void> {
    const watched = this.#folders.get(folder);
    if (watched === undefined) return;
    if (folder === this.root) this.options.onLost();
    await this.#look(folder);
  }

  #awaitRoot(): void {
    if (this.#rootTimer !== null || this.#isClosed) return;
    this.#rootTimer = setTimeout(() => {
      this.#rootTimer = null;
      this.#work(this.#look(this.root));
    }, rootAwayMs);
  }

  #forget(path: string): void {
    const below = path + sep;
    for (const [folder, { watcher }] of this.#folders) {
      if (folder !== path && !folder.startsWith(below)) continue;
      watcher?.close();
      this.#folders.delete(folder);
    }
  }

  #work(work: Promise<void>): void {
    const ended = work.finally(() => this.#working.delete(ended));
    this.#working.add(ended);
  }

  #lose(path: string, error: unknown): void {
    const errno = errnoOf(error);
    if (noWatchLeft.has(errno) && !this.#told.has(errno)) {
      this.#told.add(errno);
      this.options.onNotice(
        `watching ${this.root}: expected a watch for each folder, found that the system allows no more: ${path} (${errno}). ` +
          "New images in folders without a watch are found when the whole folder is listed again. " +
          "Raise fs.inotify.max_user_watches and fs.inotify.max_user_instances.",
      );
    }
    if (!this.#isRenewing) this.options.onLost();
  }
}

const noWatchLeft: ReadonlySet<string> = new Set(["ENOSPC", "EMFILE"]);

async function isFolder(path: string): Promise<boolean> {
  return (await identityOf(path)) !== null;
}

/** Returns null if there is no folder at the path. */
function identityOf(path: string): Promise<string | null> {
  return stat(path).then(
    (stats) => (stats.isDirectory() ? `${stats.dev}:${stats.ino}` : null),
    () => null,
  );
}
