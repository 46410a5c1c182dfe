/** Watches a folder and its subfolders for new and changed images. */
import { basename, extname } from "node:path";
import { imageExtensions, listenForAbort } from "../../kit/index.js";
import { watcherMissing } from "./errors.js";
import { mayBeImage } from "./first-bytes.js";

export interface FolderChanges {
  /** Absolute paths of new and changed images, complete files only. Some may be gone again. */
  readonly paths: readonly string[];
  /** "some": changes may be missing, because there were too many or the system failed. The whole folder must be listed. */
  readonly known: "all" | "some";
}

export interface FolderWatch {
  /** Waits for changes. Resolves with no changes when the signal fires. */
  next(signal: AbortSignal): Promise<FolderChanges>;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  /** A file is complete when it has not changed for this time. Default 1000. */
  readonly settleMs?: number;
}

/** More paths are not remembered: listing the folder is then cheaper. */
const maxPaths = 10_000;

/** Resolves when every change from now on is noticed. Hidden files and folders are left out. */
export async function watchFolder(folder: string, { settleMs = 1000 }: FolderWatchOptions = {}): Promise<FolderWatch> {
  const { watch } = await import("chokidar").catch(watcherMissing);
  const watcher = watch(folder, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.min(100, settleMs) },
    ignored: (path) => path !== folder && basename(path).startsWith("."),
  });
  let paths = new Set<string>();
  let isLost = false;
  let wake = (): void => {};
  const add = async (path: string): Promise<void> => {
    if (!(await isImage(path))) return;
    if (paths.size >= maxPaths) isLost = true;
    else paths.add(path);
    wake();
  };
  const lose = (): void => {
    isLost = true;
    wake();
  };
  watcher.on("add", (path) => void add(path)).on("change", (path) => void add(path));
  await new Promise<void>((ready) =>
    watcher
      .once("ready", ready)
      .on("error", lose)
      .on("error", () => ready()),
  );
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
    close: () => watcher.close(),
  };
}

async function isImage(path: string): Promise<boolean> {
  const extension = extname(path).slice(1).toLowerCase();
  return extension === "" ? mayBeImage(path) : imageExtensions.includes(extension);
}
