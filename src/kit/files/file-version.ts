/** The version of a file: a text that changes when the file changes. It comes from `stat`, so the file is not read. */
import type { BigIntStats } from "node:fs";

const settledAfterMs = 2_000;

/**
 * Returns the file's size, and its mtime and ctime in nanoseconds. Returns null if the file changed less than 2 s before `nowMs`. A file
 * system with a coarse clock could give a second change within this time the same mtime, so that the change would not be noticed.
 *
 * Programs can set the mtime to a time in the future. Then the ctime, which programs cannot set, is used as the time of the last change.
 */
export function fileVersion(stats: BigIntStats, nowMs: number): string | null {
  const [mtimeMs, ctimeMs] = [Number(stats.mtimeNs) / 1e6, Number(stats.ctimeNs) / 1e6];
  const changedMs = mtimeMs > nowMs ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return nowMs - changedMs < settledAfterMs ? null : fileMark(stats);
}

/** Returns the same text as `fileVersion`, also for a file that has just changed. Equal texts before and after reading: no change. */
export function fileMark(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}`;
}

/** Returns when the file got its present content or name, in milliseconds since the epoch; null for a version that does not tell. */
export function changedMsOf(version: string): number | null {
  const [, ctimeNs] = /^\d+-\d+-(\d+)$/.exec(version) ?? [];
  return ctimeNs === undefined ? null : Number(ctimeNs) / 1e6;
}
