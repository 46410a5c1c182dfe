/** The lock of a table's only writer: a file beside the table. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { HeadraceError } from "../../../contracts/index.js";
import { isThisProcess, livenessOf, ownIdentity, type ProcessIdentity } from "../../../kit/index.js";
import { fromLanceError } from "../errors.js";

/** The content of the lock file. */
export interface LockOwner extends ProcessIdentity {
  readonly token: string;
}

const heartbeatMs = 10_000;
/** An owner on another machine, in another container or from before a reboot counts as dead if its last heartbeat is older than this. */
const staleMs = 120_000;
/** How long `take` waits for a lock that another part of this process holds, and how often it tries again. */
const ownWaitMs = 30_000;
const ownWaitStepMs = 25;

/**
 * A writer takes the lock before its first write and releases the lock when the table is closed. No other process takes over the lock of a
 * living process on the same machine, even if that process is suspended. If the lock file is replaced anyway, `verify` throws in the
 * process that lost the lock.
 */
export class WriterLock {
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(
    readonly path: string,
    readonly what: string,
    readonly token: string,
  ) {
    this.#heartbeat = setInterval(() => void this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  /**
   * Throws `lock_held` if another process holds the lock; the message names the host and the process. If another part of this process
   * holds the lock, for example a second store with the same folder, waits up to `waitMs` first. `what`: the collection, for messages.
   */
  static async take(path: string, what: string, { waitMs = ownWaitMs }: { readonly waitMs?: number } = {}): Promise<WriterLock> {
    const token = randomUUID();
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.${token}`, JSON.stringify({ ...ownIdentity(), token } satisfies LockOwner), { flush: true });
      const holder = await placeOrWait(path, `${path}.${token}`, waitMs);
      if (holder !== null) throw held(what, holder);
      return new WriterLock(path, what, token);
    } catch (cause) {
      throw fromLanceError(`${what}: take the writer's lock`, cause);
    }
  }

  /** Must be called before every write. Throws `lock_lost` if the lock file no longer contains this lock's token. */
  async verify(): Promise<void> {
    const owner = await readOwner(this.path);
    if (owner?.token === this.token) return;
    const now = owner === null ? "no owner" : describe(owner);
    throw new HeadraceError("lock_lost", `${this.what}: the writer's lock: expected this writer as its owner, found ${now}`);
  }

  /** Releases the lock, unless it was lost. Further calls do nothing. */
  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    if ((await readOwner(this.path))?.token === this.token) await rm(this.path, { force: true });
  }

  /** Updates the heartbeat of the lock file. One missed update does no harm: the lock becomes stale only after twelve in a row. */
  async #beat(): Promise<void> {
    try {
      const now = new Date();
      if ((await readOwner(this.path))?.token === this.token) await utimes(this.path, now, now);
      else clearInterval(this.#heartbeat);
    } catch {
      // Not an error here: if something is wrong with the lock file, `verify` throws before the next write.
    }
  }
}

/** The owner of the lock. "unknown" if the lock file does not contain a valid owner. */
type Holder = LockOwner | "unknown";

/**
 * Makes the draft the lock file. Tries again for `waitMs` while another part of this process holds the lock. Returns null on success,
 * otherwise the owner of the lock. Removes the draft at the end.
 */
async function placeOrWait(path: string, draft: string, waitMs: number): Promise<Holder | null> {
  const until = performance.now() + waitMs;
  try {
    for (;;) {
      const holder = await placeLock(path, draft);
      if (holder === null || holder === "unknown" || !isThisProcess(holder) || performance.now() >= until) return holder;
      await setTimeout(ownWaitStepMs);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Makes the draft the lock file and returns null. If a living process owns the lock, returns that owner instead. */
async function placeLock(path: string, draft: string): Promise<Holder | null> {
  if (await claim(draft, path)) return null;
  const living = await removeDead(path, path, draft);
  if (living !== null) return living;
  return (await claim(draft, path)) ? null : ((await readOwner(path)) ?? "unknown");
}

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

/**
 * Removes the lock file and returns null if the owner of the file is dead. Otherwise returns the owner, or the process that is just
 * removing the file. A process must create a guard file before it removes the lock file. The name of the guard file contains the token of
 * the dead owner. So a slow process cannot remove a lock or a guard that a fast process has created in the meantime.
 */
async function removeDead(file: string, path: string, draft: string): Promise<Holder | null> {
  const owner = await readOwner(file);
  if (!(await isDead(file, owner))) return owner ?? "unknown";
  const guard = `${path}.${owner?.token ?? "unreadable"}.takeover`;
  if (!(await claim(draft, guard))) return (await removeDead(guard, path, draft)) ?? removeDead(file, path, draft);
  try {
    if ((await readOwner(file))?.token === owner?.token) await rm(file, { force: true });
    return null;
  } finally {
    await rm(guard, { force: true });
  }
}

async function isDead(path: string, owner: LockOwner | null): Promise<boolean> {
  const liveness = owner === null ? "elsewhere" : livenessOf(owner);
  return liveness === "elsewhere" ? isStale(path) : liveness === "dead";
}

async function isStale(path: string): Promise<boolean> {
  const beat = await stat(path).catch(absent);
  return beat === null || Date.now() - beat.mtimeMs > staleMs;
}

/** Returns null if there is no file, or if its content does not describe an owner. */
async function readOwner(path: string): Promise<LockOwner | null> {
  const text = await readFile(path, "utf8").catch(absent);
  if (text === null) return null;
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return null;
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

function held(what: string, holder: Holder): HeadraceError {
  const found = (who: string): string => `${what}: the writer's lock: expected it to be free, found that ${who} holds it`;
  if (holder === "unknown") return new HeadraceError("lock_held", found("another process"));
  if (!isThisProcess(holder)) return new HeadraceError("lock_held", found(describe(holder)));
  return new HeadraceError("lock_held", found(`another pipeline or store of this process (${describe(holder)})`), {
    hint: "Use one pipeline for all writes into a folder, or wait until the calls of the other one have ended.",
  });
}

function describe({ host, pid }: LockOwner): string {
  return `process ${pid} on ${host}`;
}
