/** A lock file that is held only briefly, so that only one process at a time changes a shared file. */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const pauseMs = 20;
/** A lock whose file is older than this counts as stale: the process that held it has probably died. */
const staleMs = 30_000;
/** The holder of a lock renews the time of its file this often. */
const renewMs = 5_000;

/** Runs `use` while holding the lock. Creates the folder of the lock file if it does not exist. */
export async function withShortLock<T>(path: string, use: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await tryTake(path))) await pause(pauseMs * (0.5 + Math.random()));
  let isOurs = true;
  const lost = (): void => {
    isOurs = false;
  };
  const renewing = setInterval(() => void utimes(path, new Date(), new Date()).then(undefined, lost), renewMs);
  try {
    return await use();
  } finally {
    clearInterval(renewing);
    // Somebody removed the file meanwhile: a file with its name now is the lock of another process.
    if (isOurs) await rm(path, { force: true });
  }
}

async function tryTake(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await removeStale(path);
    return false;
  }
}

/** Removes a stale lock. Renames the lock file before deleting it: if several processes find it stale, only one of them can rename it. */
async function removeStale(path: string): Promise<void> {
  try {
    if (Date.now() - (await stat(path)).mtimeMs < staleMs) return;
    const aside = `${path}.${randomUUID()}`;
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
