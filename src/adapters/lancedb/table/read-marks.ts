/**
 * Marks of long reads: files in the table's folder. While a marked read runs, no writer removes the versions of the table that the read may
 * use, not even a writer in another process.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { livenessOf, ownIdentity, type ProcessIdentity } from "../../../kit/index.js";

const marksFolder = "headrace-reads";
const heartbeatMs = 10_000;
/** A reader on another machine or in another container counts as dead if its last heartbeat is older than this. */
const staleMs = 120_000;
/** The clock of the reader and the times of the version files may differ by this much. */
const clockToleranceMs = 1_000;

interface Mark extends ProcessIdentity {
  readonly beganMs: number;
}

/** Must be called before the read begins. Call the returned function after the read. A folder that cannot be written gets no mark. */
export async function markRead(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, marksFolder, randomUUID());
  try {
    await makeFolder(join(folder, marksFolder));
    await writeFile(path, JSON.stringify({ ...ownIdentity(), beganMs: Date.now() } satisfies Mark));
  } catch {
    return async () => undefined;
  }
  const heartbeat = setInterval(() => void beat(path), heartbeatMs);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  };
}

/** Versions that were replaced before the returned time are used by no marked read. Removes the marks of dead processes. */
export async function oldestRead(folder: string): Promise<number> {
  let oldest = Number.POSITIVE_INFINITY;
  for (const name of await namesIn(join(folder, marksFolder))) {
    const path = join(folder, marksFolder, name);
    const beganMs = await livingSince(path);
    if (beganMs === null) await rm(path, { force: true });
    else oldest = Math.min(oldest, beganMs - clockToleranceMs);
  }
  return oldest;
}

/** Throws if the folder above does not exist, so that the folder of a dropped table is not made again. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** Returns null for the mark of a dead process. */
async function livingSince(path: string): Promise<number | null> {
  try {
    const { mtimeMs } = await stat(path);
    const isFresh = Date.now() - mtimeMs <= staleMs;
    const text = await readFile(path, "utf8");
    // An empty file is a mark that is just being written.
    if (text === "") return isFresh ? mtimeMs : null;
    const mark = JSON.parse(text) as Mark;
    const liveness = livenessOf(mark);
    return liveness === "alive" || (liveness === "elsewhere" && isFresh) ? mark.beganMs : null;
  } catch {
    return null;
  }
}

async function beat(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
