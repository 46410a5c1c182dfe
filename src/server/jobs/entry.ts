/** A job as the running server holds it. */
import { randomBytes } from "node:crypto";
import type { RunStart } from "../telemetry/run-span.js";
import { EventLog } from "./event-log.js";
import { firstJobOf, type Idempotency, isEnded, type Job } from "./job.js";
import type { JobFolder } from "./job-folder.js";
import type { JobRun } from "./job-run.js";

export interface Entry {
  job: Job;
  readonly folder: JobFolder;
  readonly events: EventLog;
  /** The ids of the uploads that it uses. */
  readonly uploads: ReadonlySet<string>;
  /** The spans of the request that brought the job to this server. */
  readonly requests: RunStart["requests"];
  /** Set while the job runs, and until its end is known to all. */
  run: JobRun | null;
  /** Settles when the run has ended and the record is written. */
  finished: Promise<void>;
  isCancelled: boolean;
}

export function newEntry(job: Job, folder: JobFolder, requests: RunStart["requests"]): Entry {
  const events = new EventLog(randomBytes(4).toString("hex"));
  events.add({ name: "job", data: job });
  return {
    job,
    folder,
    events,
    uploads: new Set(job.request.uploads),
    requests,
    run: null,
    finished: Promise.resolve(),
    isCancelled: false,
  };
}

/** The job as it is now: with what its run has counted so far. */
export function currentJob({ job, run }: Entry): Job {
  return isEnded(job) ? job : { ...job, ...run?.progress };
}

/** Whether a job that has not ended reads the failures, the images or the snapshot of this one. */
export function isRead({ job: { id } }: Entry, entries: ReadonlyMap<string, Entry>): boolean {
  const reads = (job: Job): boolean => job.request.retry?.of === id || job.request.snapshotOf === id || firstJobOf(job) === id;
  return [...entries.values()].some(({ job }) => !isEnded(job) && reads(job));
}

/** The job that an earlier request of the same client with the same key has made. */
export function jobWithKey(entries: ReadonlyMap<string, Entry>, { key, client }: Idempotency): Job | undefined {
  return [...entries.values()].find(({ job: { idempotency } }) => idempotency?.key === key && idempotency.client === client)?.job;
}

/** Number of jobs in each state that a job is in. */
export function countStates(entries: ReadonlyMap<string, Entry>): ReadonlyMap<Job["state"], number> {
  const states = new Map<Job["state"], number>();
  for (const { job } of entries.values()) states.set(job.state, (states.get(job.state) ?? 0) + 1);
  return states;
}

/** Whether a job that a client began with an idempotency key has used an upload. */
export function isUsed(entries: ReadonlyMap<string, Entry>, upload: string, client: string): boolean {
  return [...entries.values()].some(({ job, uploads }) => job.idempotency?.client === client && uploads.has(upload));
}
