/** The lock of a table's one writer: a file beside the table. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { fromLanceError } from "./errors.js";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** What the lock file says. */
export interface LockOwner extends ProcessIdentity {
  readonly token: string;
}

const heartbeatMs = 10_000;
/** An owner whose process table cannot be seen counts as dead when its heartbeat is older than this. */
const staleMs = 120_000;

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

  /** Throws `lock_held`, naming host and process. `what` names the collection in messages. */
  static async take(path: string, what: string): Promise<WriterLock> {
    const token = randomUUID();
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.${token}`, JSON.stringify({ ...ownIdentity(), token } satisfies LockOwner), { flush: true });
      await placeLock(path, `${path}.${token}`, what);
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

/** Puts the draft in the lock's place, unless the lock has a living owner; the draft is gone afterwards. */
async function placeLock(path: string, draft: string, what: string): Promise<void> {
  try {
    if (await claim(draft, path)) return;
    await removeIfDead(path, draft, what);
    if (!(await claim(draft, path))) throw held(what, await readOwner(path));
  } finally {
    await rm(draft, { force: true });
  }
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

/** One at a time may judge and remove: without the guard a slow judge would remove the lock that a quick one has just taken. */
async function removeIfDead(path: string, draft: string, what: string): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await claim(draft, guard))) {
    const other = await readOwner(guard);
    if (await isDead(guard, other)) await rm(guard, { force: true });
    throw held(what, other);
  }
  try {
    const owner = await readOwner(path);
    if (!(await isDead(path, owner))) throw held(what, owner);
    await rm(path, { force: true });
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

function held(what: string, owner: LockOwner | null): HeadraceError {
  const who = owner === null ? "another process" : describe(owner);
  return new HeadraceError("lock_held", `${what}: the writer's lock: expected to be free, found that ${who} has it`);
}

function describe({ host, pid }: LockOwner): string {
  return `process ${pid} on ${host}`;
}
