/**
 * Writes files under temporary names. When all files are complete, renames them. Existing files are unchanged until the renaming. Each writer
 * has a temporary name of its own, so of two writers of one file, the last one to end replaces the whole file of the other.
 */
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { HeadraceError } from "../../contracts/index.js";
import { fileError } from "./file-errors.js";
import { withShortLock } from "./short-lock.js";
import { removeAbandoned, stagedName } from "./staged-names.js";

/** Methods throw `disk_full` or `state_unwritable` if the file system reports an error. */
export class StagedFiles {
  readonly #stagedPath = stagedName();
  #isOpen = true;

  private constructor(readonly handles: ReadonlyMap<string, FileHandle>) {}

  /** Opens one temporary file per path. If a path is a folder, throws now, because the renaming would fail at the end. */
  static async create(paths: readonly string[]): Promise<StagedFiles> {
    const handles = new Map<string, FileHandle>();
    const files = new StagedFiles(handles);
    for (const path of paths) {
      try {
        if ((await stat(path).catch(() => null))?.isDirectory()) throw isFolder(path);
        await removeAbandoned(path);
        handles.set(path, await open(files.#stagedPath(path), "wx"));
      } catch (cause) {
        await files.discard();
        throw fileError(cause, path, "written");
      }
    }
    return files;
  }

  append(path: string, data: Uint8Array | string): Promise<void> {
    return this.#do(path, (file) => file.appendFile(data));
  }

  /** Overwrites the beginning of a file. */
  overwrite(path: string, bytes: Uint8Array): Promise<void> {
    return this.#do(path, async (file) => {
      await file.write(bytes, 0, bytes.byteLength, 0);
    });
  }

  /**
   * Flushes the files to disk and renames them in order. If there are several files, an old copy of the last file is deleted before the
   * renaming. Readers treat the set of files as incomplete while the last file is missing.
   */
  async place(): Promise<void> {
    const paths = [...this.handles.keys()];
    for (const path of paths) await this.#do(path, (file) => file.datasync());
    await this.#close();
    const [last] = paths.slice(1).slice(-1);
    // Two writers that rename at the same time would leave a set with files of both.
    if (last === undefined) await this.#rename(paths);
    else await this.#do(last, () => withShortLock(`${last}.lock`, () => this.#rename(paths, last)));
  }

  async #rename(paths: readonly string[], last?: string): Promise<void> {
    if (last !== undefined) await this.#do(last, () => rm(last, { force: true }));
    for (const path of paths) await this.#do(path, () => rename(this.#stagedPath(path), path));
  }

  /** Deletes the temporary files. Does nothing after `place`. */
  async discard(): Promise<void> {
    await this.#close();
    for (const path of this.handles.keys()) await rm(this.#stagedPath(path), { force: true });
  }

  async #do(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
    try {
      await work(this.handles.get(path)!);
    } catch (cause) {
      throw fileError(cause, path, "written");
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const handle of this.handles.values()) await handle.close();
  }
}

function isFolder(path: string): HeadraceError {
  return new HeadraceError("state_unwritable", `${path}: expected a file, found a folder`, { item: path });
}
