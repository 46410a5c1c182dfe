/** Which state a job gets after an attempt, or after the server has ended in the middle of one. */
import type { Job } from "./job.js";
import type { AttemptEnd } from "./job-run.js";

/** A job during which the server has ended this often is not started again: the job may be the cause. */
const maxCrashes = 10;

export const stateAfter = {
  /** The server ended without parking the job. */
  crash(job: Job): Partial<Job> {
    const crashes = job.crashes + 1;
    if (job.state === "stopping") return { state: "cancelled", crashes, endedAt: now() };
    if (crashes < maxCrashes) return { state: "queued", crashes };
    const message = `job ${job.id}: expected it to end, found that the server ended ${crashes} times during it`;
    return { state: "failed", crashes, endedAt: now(), error: { code: "unexpected", message, hint: "Look into the log of the server." } };
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

const now = (): string => new Date().toISOString();
