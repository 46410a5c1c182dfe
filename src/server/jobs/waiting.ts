/** Jobs that wait: which of them start, and how many may wait. */
import { clientShare } from "../kept/client-share.js";
import { Refused } from "../wire/problems.js";
import type { Entry } from "./entry.js";

type Entries = ReadonlyMap<string, Entry>;

/**
 * Jobs to start now. First, and alone, a job during which the server has ended: if it is the cause, it takes no other job with it. Then the
 * oldest job of the client that has the fewest running and waits longest for its next start.
 */
export function entriesToStart(entries: Entries, jobsAtOnce: number): readonly Entry[] {
  const running = [...entries.values()].filter(({ run }) => run !== null);
  const waiting = [...entries.values()].filter(({ job, run, isCancelled }) => job.state === "queued" && run === null && !isCancelled);
  waiting.sort((a, b) => (a.job.id < b.job.id ? -1 : 1));
  if (running.some(isSuspect)) return [];
  const suspect = waiting.find(isSuspect);
  if (suspect !== undefined) return running.length === 0 ? [suspect] : [];
  const started: Entry[] = [];
  while (running.length + started.length < jobsAtOnce && waiting.length > 0) {
    const next = oldestOfEach(waiting).reduce((best, entry) => (isBefore(entry, best) ? entry : best));
    started.push(...waiting.splice(waiting.indexOf(next), 1));
  }
  return started;

  function isBefore({ job: { client } }: Entry, { job: { client: other } }: Entry): boolean {
    const more = runningOf(client) - runningOf(other);
    return more < 0 || (more === 0 && lastStartMsOf(client) < lastStartMsOf(other));
  }

  function runningOf(client: string): number {
    return [...running, ...started].filter(({ job }) => job.client === client).length;
  }

  function lastStartMsOf(client: string): number {
    const own = [...entries.values()].filter(({ job }) => job.client === client);
    return own.reduce((latest, { job: { startedAt } }) => Math.max(latest, startedAt === null ? 0 : Date.parse(startedAt)), 0);
  }
}

/** The first entry of each client. */
function oldestOfEach(entries: readonly Entry[]): readonly Entry[] {
  const first = new Map<string, Entry>();
  for (const entry of entries) if (!first.has(entry.job.client)) first.set(entry.job.client, entry);
  return [...first.values()];
}

function isSuspect({ job: { crashes } }: Entry): boolean {
  return crashes > 0;
}

/** Throws `jobs_full` if no job of the client may wait beside those that do. */
export function checkWaiting(entries: Entries, client: string, maxWaitingJobs: number): void {
  const queued = [...entries.values()].filter(({ job }) => job.state === "queued");
  const own = queued.filter(({ job }) => job.client === client);
  const mostOwn = client === "" ? maxWaitingJobs : Math.ceil(maxWaitingJobs * clientShare);
  const [whose, most] = queued.length >= maxWaitingJobs ? ["jobs", maxWaitingJobs] : ["jobs of this key", mostOwn];
  if (queued.length < maxWaitingJobs && own.length < mostOwn) return;
  throw new Refused("jobs_full", `${whose}: expected at most ${most} that wait, found as many.`);
}
