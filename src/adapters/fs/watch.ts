/** Watches a folder and its subfolders for new and changed images. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { imageExtensions, listenForAbort } from "../../kit/index.js";
import { mayBeImage } from "./first-bytes.js";
import { FolderTree } from "./folder-tree.js";

export interface FolderChanges {
  /** Absolute paths of new and changed images, complete files only. Some may be gone again. */
  readonly paths: readonly string[];
  /** "some": changes may be missing, because there were too many or the system failed. The whole folder must be listed. */
  readonly known: "all" | "some";
}

export interface FolderWatch {
  /** Waits for changes. Resolves with no changes when the signal fires. */
  next(signal: AbortSignal): Promise<FolderChanges>;
  /** Watches again what is now another folder, for example after a drive was mounted. Call it before the whole folder is listed. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  /** A file is complete when it has not changed for this time. Default 1000. */
  readonly settleMs?: number;
  /** Receives messages for the user, for example when the system allows no more watches. Each cause is told once. */
  readonly onNotice?: (message: string) => void;
}

/** More paths are not remembered: listing the folder is then cheaper. */
const maxPaths = 10_000;

/** Resolves when every change from now on is noticed. Hidden files and folders are left out. */
export async function watchFolder(folder: string, { settleMs = 1000, onNotice = () => {} }: FolderWatchOptions = {}): Promise<FolderWatch> {
  let paths = new Set<string>();
  let isLost = false;
  let wake = (): void => {};
  const lose = (): void => {
    isLost = true;
    wake();
  };
  const settling = new SettlingFiles({
    settleMs,
    onSettled: (path) => {
      if (paths.size >= maxPaths) isLost = true;
      else paths.add(path);
      wake();
    },
    onTooMany: lose,
  });
  const tree = new FolderTree(folder, { onFile: (path) => settling.touch(path), onLost: lose, onNotice });
  await tree.open();
  return {
    async next(signal) {
      const stop = (): void => wake();
      listenForAbort(signal, stop);
      while (paths.size === 0 && !isLost && !signal.aborted) {
        await new Promise<void>((changed) => {
          wake = changed;
        });
      }
      signal.removeEventListener("abort", stop);
      const changes: FolderChanges = { paths: [...paths].sort(), known: isLost ? "some" : "all" };
      paths = new Set();
      isLost = false;
      return changes;
    },
    renew: () => tree.renew(),
    close: async () => {
      settling.close();
      await tree.close();
    },
  };
}

interface SettlingFilesOptions {
  readonly settleMs: number;
  readonly onSettled: (path: string) => void;
  readonly onTooMany: () => void;
}

/** Files that have changed a moment ago. */
class SettlingFiles {
  readonly #options: SettlingFilesOptions;
  /** The time of the last change of each file, oldest first. */
  readonly #changes = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SettlingFilesOptions) {
    this.#options = options;
  }

  touch(path: string): void {
    if (!isNamedLikeImage(path)) return;
    this.#changes.delete(path);
    if (this.#changes.size >= maxPaths) {
      this.#options.onTooMany();
      return;
    }
    this.#changes.set(path, performance.now());
    this.#timer ??= setTimeout(() => this.#settle(), this.#options.settleMs);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#changes.clear();
  }

  #settle(): void {
    this.#timer = null;
    const now = performance.now();
    for (const [path, changed] of this.#changes) {
      const restMs = changed + this.#options.settleMs - now;
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#settle(), Math.ceil(restMs));
        return;
      }
      this.#changes.delete(path);
      void this.#tellIfComplete(path);
    }
  }

  /** Network drives tell of some changes only, so the file's own time counts too. */
  async #tellIfComplete(path: string): Promise<void> {
    const stats = await statOrNull(path);
    if (stats === null || stats.isDirectory()) return;
    const ageMs = Date.now() - stats.mtimeMs;
    if (ageMs >= 0 && ageMs < this.#options.settleMs) this.touch(path);
    else if (extname(path) !== "" || (await mayBeImage(path))) this.#options.onSettled(path);
  }
}

function isNamedLikeImage(path: string): boolean {
  const extension = extname(path).slice(1).toLowerCase();
  return extension === "" || imageExtensions.includes(extension);
}

function statOrNull(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}
