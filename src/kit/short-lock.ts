/** A lock file, so that only one process at a time changes shared files. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** What a lock file contains. */
interface Holder {
  /** Differs for each time that the lock is taken. */
  readonly token: string;
  readonly process: ProcessIdentity;
}

const pauseMs = 20;
/** A lock whose file is older than this counts as stale, if it is not known whether its holder is running. */
const staleMs = 30_000;
/** The holder of a lock renews the time of its file this often. */
const renewMs = 5_000;

export interface LockOptions {
  /** Ends the wait for the lock: the call rejects with an `AbortError`. Default: the wait does not end. */
  readonly signal?: AbortSignal;
}

/** Runs `use` while holding the lock. Creates the folder of the lock file if it does not exist. */
export async function withShortLock<T>(path: string, use: () => Promise<T>, { signal }: LockOptions = {}): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await tryTake(path))) await pause(pauseMs * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
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
    const file = await open(path, "wx");
    try {
      await file.writeFile(JSON.stringify({ token: randomUUID(), process: ownIdentity() } satisfies Holder));
    } catch (error) {
      // For example on a full disk. An empty lock would make the next call wait until it is stale.
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await removeStale(path);
    return false;
  }
}

/** Removes the lock of a process that has died, or a lock that is stale. */
async function removeStale(path: string): Promise<void> {
  const holder = await holderOf(path);
  if (holder !== null && livenessOf(holder.process) === "dead") await removeOf(holder, path);
  else await removeAged(path);
}

/**
 * Only one of several processes can make the folder, and only this one may remove the lock. It looks at the lock again, because another
 * process may have removed it before the folder was made.
 */
async function removeOf({ token }: Holder, path: string): Promise<void> {
  const claim = `${path}.${token}`;
  try {
    await mkdir(claim);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await removeAged(path);
    return;
  }
  if ((await holderOf(path))?.token === token) await rm(path, { force: true });
  await rmdir(claim);
}

/** Renames the lock file before deleting it: if several processes find it stale, only one of them can rename it. */
async function removeAged(path: string): Promise<void> {
  try {
    if (Date.now() - (await stat(path)).mtimeMs < staleMs) return;
    const aside = `${path}.${randomUUID()}`;
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Returns null if the lock is free, or if its holder has not written its name yet. */
async function holderOf(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
