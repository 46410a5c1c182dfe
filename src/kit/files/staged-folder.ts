/** Writes a folder under a temporary name, and renames it when it is complete. */
import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { resolve } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { fileError } from "./file-errors.js";
import { removeAbandoned, stagedName } from "./staged-names.js";

export interface StagedFolder {
  /** Where the files are written. */
  readonly path: string;
  /** Gives the folder its name. Throws `usage_invalid` if somebody has put files there meanwhile. */
  place(): Promise<void>;
  /** Deletes the temporary folder. Does nothing after `place`. */
  discard(): Promise<void>;
}

/** Throws `usage_invalid` if there is a folder with files, or a file, of this name, and `state_unwritable` or `disk_full`. */
export async function stageFolder(target: string): Promise<StagedFolder> {
  const wanted = resolve(target);
  const path = stagedName()(wanted);
  try {
    await checkEmpty(wanted);
    await removeAbandoned(wanted);
    await mkdir(path);
  } catch (cause) {
    throw fileError(cause, wanted, "written");
  }
  return {
    path,
    async place() {
      try {
        await checkEmpty(wanted);
        await rmdir(wanted).catch(ignoreAbsence);
        await rename(path, wanted);
      } catch (cause) {
        throw fileError(cause, wanted, "written");
      }
    },
    discard: () => rm(path, { recursive: true, force: true }),
  };
}

async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOTDIR") return ["a file"];
    return ignoreAbsence(cause);
  });
  if (names === undefined || names.length === 0) return;
  throw new HeadraceError("usage_invalid", `${folder}: expected a new name or an empty folder, found ${names[0]}`, {
    item: folder,
    hint: "Choose another folder, or delete that one.",
  });
}

function ignoreAbsence(cause: NodeJS.ErrnoException): undefined {
  if (cause.code !== "ENOENT") throw cause;
}
