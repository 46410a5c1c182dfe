/** Looks whether a file is really gone, before the row of its image is deleted. */
import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { identityOf, statOf } from "./stat.js";

/**
 * "exists": there is a file. "gone": there is none, or a folder instead, and the folder above that still exists is a real one. "changed": the
 * listed folder is no longer the same. "unclear": anything else, such as a link that leads nowhere, or no permission to look.
 */
export type FileLook = "exists" | "gone" | "unclear" | "changed";

/** The folder that was listed. `identity`: its device and inode when its listing began. */
export interface ListedFolder {
  readonly path: string;
  readonly identity: string;
}

/** `path`: the absolute path of a file below the folder. Never rejects. */
export async function lookAtFile(path: string, folder: ListedFolder): Promise<FileLook> {
  const look = await lookAt(path);
  if (look !== "gone") return look;
  // The folder is looked at last: so it was there when the file was not.
  return (await folderIdentity(folder.path)) === folder.identity ? "gone" : "changed";
}

/** Returns when a file got its present content or name, in milliseconds since the epoch; null if it cannot be looked at. Never rejects. */
export async function changeTimeMs(path: string): Promise<number | null> {
  const stats = await statOf(path).catch(() => null);
  return stats === null ? null : Number(stats.ctimeNs) / 1e6;
}

async function lookAt(path: string): Promise<Exclude<FileLook, "changed">> {
  try {
    return (await statOf(path)).isDirectory() ? "gone" : "exists";
  } catch (cause) {
    return isAbsent(cause) && (await hasPlainAncestor(path)) ? "gone" : "unclear";
  }
}

/** Returns null if there is no folder with this path. */
async function folderIdentity(path: string): Promise<string | null> {
  const stats = await statOf(path).catch(() => null);
  return stats?.isDirectory() ? identityOf(stats) : null;
}

/** A link that leads nowhere may lead to a disk that is not mounted, so nothing below it is known. */
async function hasPlainAncestor(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const stats = await lstat(at);
      return at !== path && (stats.isSymbolicLink() ? await leadsSomewhere(at) : true);
    } catch (cause) {
      if (!isAbsent(cause) || dirname(at) === at) return false;
    }
  }
}

async function leadsSomewhere(link: string): Promise<boolean> {
  return statOf(link).then(
    () => true,
    () => false,
  );
}

function isAbsent(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
