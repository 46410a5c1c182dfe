/** The cheap mark of change of a file. */
import type { BigIntStats } from "node:fs";

const settledAfterMs = 2_000;

/**
 * Size, mtime and ctime in nanoseconds; null for a file that changed less than 2 s before `nowMs`,
 * as file systems with coarse clocks cannot tell a second change in that time from the first. An mtime in the future was set by somebody:
 * when that was, ctime says, which nobody can set.
 */
export function fileVersion(stats: BigIntStats, nowMs: number): string | null {
  const [mtimeMs, ctimeMs] = [Number(stats.mtimeNs) / 1e6, Number(stats.ctimeNs) / 1e6];
  const changedMs = mtimeMs > nowMs ? ctimeMs : Math.max(mtimeMs, ctimeMs);
  return nowMs - changedMs < settledAfterMs ? null : fileMark(stats);
}

/** The same, whatever its age: equal marks before and after reading mean that nothing came between. */
export function fileMark(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ctimeNs}`;
}
