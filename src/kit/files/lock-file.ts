/**
 * A lock in a file: one holder at a time. No lock of a living process is ever taken, as far as it can be known that it lives: by the process
 * table, or by a life sign. A holder of which nothing is known, for example on another machine, loses the lock when it stops to renew it.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type LifeSign, lifeOf, removeLife, type ShownLife, showLife } from "./life-sign.js";
import { isEnding, livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** What a lock file contains. */
export interface LockHolder extends ProcessIdentity {
  /** Differs for each time that the lock is taken. */
  readonly token: string;
  /** Absent: the holder shows none. */
  readonly life?: LifeSign;
}

export interface LockFileOptions {
  /** The holder renews the lock this often. */
  readonly renewMs: number;
  /** A lock that was not renewed for so long counts as free, if it is not known whether its holder is running. */
  readonly staleMs: number;
  /** "shown": for locks that are held long. Takes a millisecond. Default "none". */
  readonly life?: "shown" | "none";
  /** Called once if another process has the lock now. */
  readonly onLost?: () => void;
}

/** The holder of a lock. "unknown": the file does not say. */
export type Holder = LockHolder | "unknown";

/** A lock that this process holds. */
export class LockFile {
  readonly #renewal: NodeJS.Timeout;
  #isLost = false;

  private constructor(
    readonly path: string,
    readonly token: string,
    readonly life: ShownLife | null,
    readonly options: LockFileOptions,
  ) {
    this.#renewal = setInterval(() => void this.#renew(), options.renewMs);
    this.#renewal.unref();
  }

  /**
   * Takes the lock. While another process has it, asks `onHeld` whether to try again; `onHeld` waits as long as it likes. Returns null if it
   * says "no". Creates the folder if it does not exist.
   */
  static async take(path: string, options: LockFileOptions, onHeld: (holder: Holder) => Promise<"again" | "no">): Promise<LockFile | null> {
    await mkdir(dirname(path), { recursive: true });
    const token = randomUUID();
    const draft = `${path}.${token}`;
    const life = options.life === "shown" ? await showLife(dirname(path), `${token.slice(0, 8)}.alive`) : null;
    let taken: LockFile | null = null;
    try {
      const holder: LockHolder = { ...ownIdentity(), token, ...(life === null ? {} : { life: life.sign }) };
      await writeFile(draft, JSON.stringify(holder), { flush: life !== null });
      for (;;) {
        const other = await place(path, draft, options.staleMs);
        if (other === null) taken = new LockFile(path, token, life, options);
        if (other === null || (await onHeld(other)) === "no") return taken;
      }
    } finally {
      await rm(draft, { force: true });
      if (taken === null) await life?.end();
    }
  }

  /** Returns null if this process has the lock; otherwise what the file says now. */
  async otherHolder(): Promise<Holder | null> {
    const holder = (await readHolder(this.path)) ?? "unknown";
    return tokenOf(holder) === this.token ? null : holder;
  }

  /** Releases the lock, unless it was lost. Further calls do nothing. */
  async release(): Promise<void> {
    clearInterval(this.#renewal);
    if ((await this.otherHolder()) === null) await rm(this.path, { force: true });
    await this.life?.end();
  }

  /** One renewal that fails does no harm: the lock becomes stale only after several in a row. */
  async #renew(): Promise<void> {
    try {
      if ((await this.otherHolder()) === null) return await touch(this.path);
    } catch {
      // Whoever uses the lock asks `otherHolder` before it counts, and gets the error there.
      return;
    }
    clearInterval(this.#renewal);
    if (!this.#isLost) this.options.onLost?.();
    this.#isLost = true;
  }
}

/** Waiting for the holder makes sense although the caller does not want to wait: the process has ended for its user already. */
export function isAboutToRelease(holder: Holder): boolean {
  return holder !== "unknown" && isEnding(holder);
}

/** Makes the draft the lock file and returns null. If another process has the lock, returns its holder instead. */
async function place(path: string, draft: string, staleMs: number): Promise<Holder | null> {
  if (await claim(draft, path)) return null;
  const living = await removeDead(path, { path, draft, staleMs });
  if (living !== null) return living;
  if (!(await claim(draft, path))) return (await readHolder(path)) ?? "unknown";
  await removeDrafts(path);
  return null;
}

/** Removes the drafts of processes that were killed while they waited for the lock. */
async function removeDrafts(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !tokenPattern.test(name.slice(prefix.length))) continue;
    const draft = join(dirname(path), name);
    const waiting = await readHolder(draft);
    if (waiting !== null && waiting !== "unknown" && livenessOf(waiting) === "dead") await rm(draft, { force: true });
  }
}

const tokenPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Creates the file at `path` as a hard link to the draft. This is atomic and never replaces a file. Returns false if the file exists. */
async function claim(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

interface Attempt {
  readonly path: string;
  readonly draft: string;
  readonly staleMs: number;
}

/**
 * Removes the lock file and returns null if its holder is dead. Otherwise returns the holder, or the process that is just removing the file.
 * A process must create a guard file before it removes the lock file. The name of the guard file contains the token of the dead holder. So a
 * slow process cannot remove a lock or a guard that a fast process has created in the meantime.
 */
async function removeDead(file: string, attempt: Attempt): Promise<Holder | null> {
  const { path, draft } = attempt;
  const holder = await readHolder(file);
  // Released meanwhile. There is nothing to remove: the next file at this path is the lock of a living process.
  if (holder === null) return null;
  if (!(await isDead(file, holder, attempt))) return holder;
  const guard = `${path}.${tokenOf(holder)}.takeover`;
  if (!(await claim(draft, guard))) return (await removeDead(guard, attempt)) ?? removeDead(file, attempt);
  try {
    const now = await readHolder(file);
    if (now !== null && tokenOf(now) === tokenOf(holder)) {
      if (holder !== "unknown" && holder.life !== undefined) await removeLife(dirname(path), holder.life);
      await rm(file, { force: true });
    }
    return null;
  } finally {
    await rm(guard, { force: true });
  }
}

async function isDead(file: string, holder: Holder, { path, draft, staleMs }: Attempt): Promise<boolean> {
  if (holder === "unknown") return isStale(file, draft, staleMs);
  const liveness = livenessOf(holder);
  if (liveness !== "elsewhere") return liveness === "dead";
  // The kernel of this boot answers for each of its processes, in whatever container.
  if (holder.life !== undefined && holder.bootId !== null && holder.bootId === ownIdentity().bootId) {
    const life = await lifeOf(dirname(path), holder.life);
    if (life !== "unknown") return life === "dead";
  }
  return isStale(file, draft, staleMs);
}

/** Compares two times of the same file server, because its clock may differ from the clock of this machine. */
async function isStale(file: string, draft: string, staleMs: number): Promise<boolean> {
  await touch(draft);
  const now = (await stat(draft)).mtimeMs;
  const renewed = await stat(file).catch(absent);
  return renewed === null || now - renewed.mtimeMs > staleMs;
}

/** Gives a lock file the time of its file server, by writing its first byte again. */
async function touch(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write("{", 0);
  } finally {
    await file.close();
  }
}

function tokenOf(holder: Holder): string {
  return holder === "unknown" ? "unreadable" : holder.token;
}

/** Returns null if there is no file, and "unknown" if its content does not describe a holder. */
async function readHolder(path: string): Promise<Holder | null> {
  const text = await readFile(path, "utf8").catch(absent);
  if (text === null) return null;
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return "unknown";
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
