/** Runs a function while holding a lock file, so that only one process at a time changes shared files. */
import { setTimeout as pause } from "node:timers/promises";
import { LockFile, type LockFileOptions } from "./lock-file.js";

const pauseMs = 20;
const shortTimes = { renewMs: 5_000, staleMs: 30_000 };

export interface LockOptions {
  /** Ends the wait for the lock: the call rejects with an `AbortError`. Default: the wait does not end. */
  readonly signal?: AbortSignal;
  /** "shown": for a lock that is held long. Then the lock of a killed container is free at once. Default "none". */
  readonly life?: "shown" | "none";
  /** Called if another process has taken the lock, because this one had not renewed it for long. */
  readonly onLost?: () => void;
  /** For tests. Default: the lock is renewed every 5 seconds, and counts as left after 30, if it is not known whether its holder is running. */
  readonly times?: Pick<LockFileOptions, "renewMs" | "staleMs">;
}

/** Runs `use` while holding the lock. Creates the folder of the lock file if it does not exist. */
export async function withShortLock<T>(path: string, use: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { signal, times = shortTimes, ...others } = options;
  const lock = await LockFile.take(path, { ...times, ...others }, async () => {
    await pause(pauseMs * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal });
    return "again";
  });
  try {
    return await use();
  } finally {
    await lock?.release();
  }
}
