/** Which state a job gets after an attempt, or after the server has ended in the middle of one. */
import type { Job } from "./job.js";
import type { AttemptEnd } from "./job-run.js";

/** A job during which the server has ended this often is not started again: the second time, it ran alone. */
const maxCrashes = 2;

export const stateAfter = {
  /** The server ended without parking the job. */
  crash(job: Job): Partial<Job> {
    const crashes = job.crashes + 1;
    if (job.state === "stopping") return { state: "cancelled", crashes, endedAt: now() };
    if (crashes < maxCrashes) return { state: "queued", crashes };
    const message = `job ${job.id}: expected it to end, found that the server ended ${crashes} times during it, the last time while it ran alone`;
    const hint = "Look into the log of the server. If something else ended it, send the job again: stored images are skipped.";
    return { state: "failed", crashes, endedAt: now(), error: { code: "unexpected", message, hint } };
  },

  /** The job was cancelled before it started. */
  cancel(): Partial<Job> {
    return { state: "cancelled", endedAt: now() };
  },

  attempt(
    job: Job,
    { counts, report, error, total, ended }: AttemptEnd & Pick<Job, "total">,
    { isCancelled, isClosing }: { readonly isCancelled: boolean; readonly isClosing: boolean },
  ): Partial<Job> {
    const isWhole = ended === "completed";
    if (!isWhole && isClosing && !isCancelled) return { state: "queued", counts };
    const state = isWhole ? "completed" : isCancelled ? "cancelled" : "failed";
    const wrong = state !== "failed" || error === null ? null : { code: error.code, message: error.message, hint: error.hint };
    return { state, counts, report, endedAt: now(), error: wrong, total: isWhole ? counts.read : (total ?? job.total) };
  },
} as const;

export function newestFirst(jobs: readonly Job[]): readonly Job[] {
  return [...jobs].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** The order in which jobs are worth keeping: the newest of each client, then the second newest of each, and so on. */
export function longestKept(jobs: readonly Job[]): readonly Job[] {
  const newer = new Map<string, number>();
  const ranked = newestFirst(jobs).map((job) => {
    const rank = newer.get(job.client) ?? 0;
    newer.set(job.client, rank + 1);
    return { job, rank };
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ job }) => job);
}

const now = (): string => new Date().toISOString();
