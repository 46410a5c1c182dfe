/** The lock of a table's only writer: a file beside the table. */
import { setTimeout } from "node:timers/promises";
import { HeadraceError } from "../../../contracts/index.js";
import { type Holder, isAboutToRelease, isThisProcess, LockFile, type LockHolder, livenessOf } from "../../../kit/index.js";
import { fromLanceError } from "../errors.js";

/** The content of the lock file. */
export type LockOwner = LockHolder;

/** An owner on another machine, or from before a reboot, counts as dead if its last heartbeat is older than `staleMs`. */
const lockOptions = { renewMs: 10_000, staleMs: 120_000, life: "shown" } as const;
/** How long `take` waits for a lock that another part of this process holds, or a process that is ending. */
const ownWaitMs = 30_000;
const endingWaitMs = 5_000;
const waitStepMs = 25;

export interface TakeOptions {
  /** How long to wait for a lock that another part of this process holds. Default 30,000. */
  readonly waitMs?: number;
  /** Called once when another process holds the lock; then waits for that process. Default: throws `lock_held`. */
  readonly onHeld?: ((message: string) => void) | undefined;
}

/**
 * A writer takes the lock before its first write and releases the lock when the table is closed. No other process takes over the lock of a
 * living process on the same machine, even if that process is suspended. If the lock file is replaced anyway, `verify` throws in the
 * process that lost the lock.
 */
export class WriterLock {
  private constructor(
    readonly file: LockFile,
    readonly what: string,
  ) {}

  get path(): string {
    return this.file.path;
  }

  get token(): string {
    return this.file.token;
  }

  /**
   * Throws `lock_held` if another process holds the lock; the message names the host and the process. If another part of this process
   * holds the lock, for example a second store with the same folder, waits up to `waitMs` first. Also waits for a process that is ending.
   * `what`: the collection, for messages.
   */
  static async take(path: string, what: string, { waitMs = ownWaitMs, onHeld }: TakeOptions = {}): Promise<WriterLock> {
    const startedAt = performance.now();
    let last: Holder = "unknown";
    let isTold = false;
    try {
      const file = await LockFile.take(path, lockOptions, async (holder) => {
        last = holder;
        if (performance.now() - startedAt >= patienceFor(holder, waitMs)) {
          if (onHeld === undefined) return "no";
          if (!isTold) onHeld(`${what}: waits for ${who(holder)}, which writes to it.`);
          isTold = true;
        }
        await setTimeout(waitStepMs);
        return "again";
      });
      if (file === null) throw held(what, last);
      return new WriterLock(file, what);
    } catch (cause) {
      throw fromLanceError(`${what}: take the writer's lock`, cause);
    }
  }

  /** Must be called before every write. Throws `lock_lost` if the lock file no longer contains this lock's token. */
  async verify(): Promise<void> {
    const other = await this.file.otherHolder();
    if (other === null) return;
    const now = other === "unknown" ? "no owner" : describe(other);
    throw new HeadraceError("lock_lost", `${this.what}: the writer's lock: expected this writer as its owner, found ${now}`);
  }

  /** Releases the lock, unless it was lost. Further calls do nothing. */
  release(): Promise<void> {
    return this.file.release();
  }
}

function patienceFor(holder: Holder, ownMs: number): number {
  if (holder !== "unknown" && isThisProcess(holder)) return ownMs;
  return isAboutToRelease(holder) ? endingWaitMs : 0;
}

function held(what: string, holder: Holder): HeadraceError {
  const message = `${what}: the writer's lock: expected it to be free, found that ${who(holder)} holds it`;
  return new HeadraceError("lock_held", message, { hint: hintFor(holder) });
}

function hintFor(holder: Holder): string {
  if (holder !== "unknown" && isThisProcess(holder)) {
    return "Use one pipeline for all writes into a folder, or wait until the calls of the other one have ended.";
  }
  const wait = "To wait for it: --wait, or `onLockHeld` of `open`. Otherwise stop it, and run the same command again.";
  const isKnown = holder !== "unknown" && livenessOf(holder) !== "elsewhere";
  return isKnown ? wait : `${wait} If it runs no more, the lock becomes free ${lockOptions.staleMs / 1000} seconds after its end.`;
}

function who(holder: Holder): string {
  if (holder === "unknown") return "another process";
  return isThisProcess(holder) ? `another pipeline or store of this process (${describe(holder)})` : describe(holder);
}

function describe({ host, pid }: LockOwner): string {
  return `process ${pid} on ${host}`;
}
