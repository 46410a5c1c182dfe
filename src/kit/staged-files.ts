/** Writes files under temporary names. When all files are complete, renames them. Existing files are unchanged until the renaming. */
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { HeadraceError } from "../contracts/index.js";
import { fileError } from "./file-errors.js";

/** Methods throw `disk_full` or `state_unwritable` if the file system reports an error. */
export class StagedFiles {
  #isOpen = true;

  private constructor(readonly handles: ReadonlyMap<string, FileHandle>) {}

  /** Opens one temporary file per path. If a path is a folder, throws now, because the renaming would fail at the end. */
  static async create(paths: readonly string[]): Promise<StagedFiles> {
    const handles = new Map<string, FileHandle>();
    const files = new StagedFiles(handles);
    for (const path of paths) {
      try {
        if ((await stat(path).catch(() => null))?.isDirectory()) throw isFolder(path);
        handles.set(path, await open(stagedPath(path), "w"));
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
    for (const path of paths.slice(1).slice(-1)) await this.#do(path, () => rm(path, { force: true }));
    for (const path of paths) await this.#do(path, () => rename(stagedPath(path), path));
  }

  /** Deletes the temporary files. Does nothing after `place`. */
  async discard(): Promise<void> {
    await this.#close();
    for (const path of this.handles.keys()) await rm(stagedPath(path), { force: true });
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

function stagedPath(path: string): string {
  return `${path}.partial`;
}
