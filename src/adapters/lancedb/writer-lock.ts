/** The lock of a table's one writer: a file beside the table. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
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
    const owner: LockOwner = { ...ownIdentity(), token };
    const draft = `${path}.${token}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, JSON.stringify(owner), { flush: true });
      if (!(await claim(draft, path))) {
        await removeIfDead(path, what, `${draft}.dead`);
        if (!(await claim(draft, path))) throw held(what, await readOwner(path));
      }
      return new WriterLock(path, what, token);
    } catch (cause) {
      throw fromLanceError(`${what}: taking the writer's lock`, cause);
    } finally {
      await rm(draft, { force: true });
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

/** Moves the file away before it is removed: of two who find it dead, one moves it, the other finds nothing or a living owner. */
async function removeIfDead(path: string, what: string, aside: string): Promise<void> {
  const found = await readOwner(path);
  if (!(await isDead(path, found))) throw held(what, found);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved?.token !== found?.token) {
    await claim(aside, path);
    await rm(aside, { force: true });
    throw held(what, moved);
  }
  await rm(aside, { force: true });
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
