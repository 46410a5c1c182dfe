/** The version of a file: text that changes when the file changes, made without reading it. */
import type { BigIntStats } from "node:fs";

const settledAfterMs = 2_000;

/**
 * Consists of size, mtime and ctime in nanoseconds. null for a file that changed less than 2 s before `nowMs`: a file system with a coarse
 * clock could give a second change in that time the same mtime. Programs can set the mtime to a time in the future. The ctime, which they
 * cannot set, then tells when the file changed.
 */
export function fileVersion(stats: BigIntStats, nowMs: number): string | null {
  const [mtimeMs, ctimeMs] = [Number(stats.mtimeNs) / 1e6, Number(stats.ctimeNs) / 1e6];
  const changedMs = mtimeMs > nowMs ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return nowMs - changedMs < settledAfterMs ? null : fileMark(stats);
}

/** The same text for a file of any age. If it is equal before and after reading, the file did not change in between. */
export function fileMark(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}`;
}
