/** The lock of a table's one writer: a file beside the table. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { HeadraceError } from "../../contracts/index.js";
import { isThisProcess, livenessOf, ownIdentity, type ProcessIdentity } from "../../kit/index.js";
import { fromLanceError } from "./errors.js";

/** What the lock file says. */
export interface LockOwner extends ProcessIdentity {
  readonly token: string;
}

const heartbeatMs = 10_000;
/** An owner whose process table cannot be seen counts as dead when its heartbeat is older than this. */
const staleMs = 120_000;
/** How long to wait for a lock of this very process, and how often to look. */
const ownWaitMs = 30_000;
const ownWaitStepMs = 25;

/**
 * Taken before the first write and given back at the end. A live process' lock is never taken, not even a stopped one's;
 * should somebody replace the file all the same, `verify` ends the run of the one who lost it.
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
   * Throws `lock_held`, naming host and process. What another part of this process holds (a second store over the same folder) it
   * waits for, up to `waitMs`. `what` names the collection in messages.
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
      throw fromLanceError(`${what}: taking the writer's lock`, cause);
    }
  }

  /** Called before every write. Throws `lock_lost`. */
  async verify(): Promise<void> {
    const owner = await readOwner(this.path);
    if (owner?.token === this.token) return;
    const now = owner === null ? "nobody has it" : `${describe(owner)} has it`;
    throw new HeadraceError("lock_lost", `${this.what}: the writer's lock: expected to have it still, found that ${now}`);
  }

  /** Gives the lock back, unless it was lost. Harmless when called again. */
  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    if ((await readOwner(this.path))?.token === this.token) await rm(this.path, { force: true });
  }

  /** A missed beat does no harm: twelve in a row have to fail. */
  async #beat(): Promise<void> {
    try {
      const now = new Date();
      if ((await readOwner(this.path))?.token === this.token) await utimes(this.path, now, now);
      else clearInterval(this.#heartbeat);
    } catch {
      // The next write tells what is wrong with the file.
    }
  }
}

/** Who has the lock; "unknown" when it does not say. */
type Holder = LockOwner | "unknown";

/** Tries again while another part of this process has the lock. The draft is gone afterwards. */
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

/** Puts the draft in the lock's place, unless the lock has a living owner: then it answers that owner, else null. */
async function placeLock(path: string, draft: string): Promise<Holder | null> {
  if (await claim(draft, path)) return null;
  const living = await removeDead(path, path, draft);
  if (living !== null) return living;
  return (await claim(draft, path)) ? null : ((await readOwner(path)) ?? "unknown");
}

/** A hard link appears whole or not at all, and never replaces another file. */
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
 * Removes the file when its owner is dead, else answers the owner, or who is about to remove it. Only the holder of a guard may remove, and the guard's name has the
 * token of the dead owner in it: a slow judge then cannot remove the lock, or the guard, that a quick one has just taken.
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

/** Null when there is no file, or none that says who made it. */
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
  const found = (who: string): string => `${what}: the writer's lock: expected to be free, found that ${who} has it`;
  if (holder === "unknown") return new HeadraceError("lock_held", found("another process"));
  if (!isThisProcess(holder)) return new HeadraceError("lock_held", found(describe(holder)));
  return new HeadraceError("lock_held", found(`another pipeline or store of this process (${describe(holder)})`), {
    hint: "Use one pipeline for all writes into a folder, or wait for the other one's calls to end.",
  });
}

function describe({ host, pid }: LockOwner): string {
  return `process ${pid} on ${host}`;
}
