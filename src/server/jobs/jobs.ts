/** All jobs of the server: takes new ones, runs a few at a time, and continues after a restart with those that had not ended. */
import { join, resolve } from "node:path";
import { type DeadLetterPage, DeadLetterPages, type ImageEmbeddingPipeline, type PageRequest, type Settings } from "../../app/index.js";
import { SerialQueue } from "../../kit/index.js";
import { JobSpace } from "../kept/job-space.js";
import type { Log } from "../telemetry/log.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import { Uploads } from "../uploads/uploads.js";
import { Refused } from "../wire/problems.js";
import { countStates, currentJob, type Entry, isRead, isUsed, jobWithKey, newEntry } from "./entry.js";
import type { JobEvent } from "./event-log.js";
import { FolderOwner } from "./folder-owner.js";
import { isEnded, type Job, newJob } from "./job.js";
import { JobDraft } from "./job-draft.js";
import { JobEnds, type JobEndsOptions } from "./job-ends.js";
import { findJobs, JobFolder } from "./job-folder.js";
import { JobRun } from "./job-run.js";
import { newestFirst, stateAfter } from "./job-states.js";
import type { Submission } from "./submission.js";
import { checkWaiting, entriesToStart } from "./waiting.js";

export interface JobsOptions {
  readonly pipeline: ImageEmbeddingPipeline;
  readonly settings: Settings;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly uploads: JobEndsOptions["uploads"];
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  readonly #changes = new SerialQueue();
  readonly #closing = new AbortController();
  readonly #ends: JobEnds;
  readonly #space: JobSpace;
  readonly #uploads: Uploads;
  readonly #failures = new DeadLetterPages();
  #owner: FolderOwner | null = null;
  /** Set when another server has taken the folder. Settles when nothing runs any more. */
  #leaving: Promise<void> | null = null;

  private constructor(options: JobsOptions) {
    this.#options = options;
    this.#folder = resolve(options.settings.lancedb.path, "jobs");
    this.#space = new JobSpace(options.settings.server.maxJobsMb);
    this.#uploads = new Uploads({
      folder: join(this.#folder, ".uploads"),
      settings: options.settings.server,
      space: this.#space,
      log: options.log,
    });
    this.#ends = new JobEnds({ ...options, entries: this.#entries, change: (entry, changes) => this.#change(entry, changes) });
  }

  /** Reads the jobs of earlier servers, and continues with those that had not ended. */
  static async open(options: JobsOptions): Promise<Jobs> {
    const jobs = new Jobs(options);
    jobs.#owner = await FolderOwner.take(jobs.#folder, {
      log: options.log,
      onOwned: async () => {
        await jobs.#readJobs();
        await jobs.#uploads.open();
        jobs.#startWaiting();
      },
      onLost: () => {
        jobs.#leaving = jobs.#leave();
      },
    });
    return jobs;
  }

  /** Number of jobs in each state that a job is in. */
  get states(): ReadonlyMap<Job["state"], number> {
    return countStates(this.#entries);
  }

  /** The runs in progress, by the id of their job. */
  get runs(): readonly { readonly id: string; readonly run: JobRun }[] {
    return [...this.#entries.values()].flatMap(({ job: { id }, run }) => (run === null ? [] : [{ id, run }]));
  }

  list(): readonly Job[] {
    this.#owner?.check();
    return newestFirst([...this.#entries.values()].map(currentJob));
  }

  /** Throws `job_not_found`. */
  get(id: string): Job {
    return currentJob(this.#entry(id));
  }

  /** The folder of a job. Throws `job_not_found`. */
  folder(id: string): JobFolder {
    return this.#entry(id).folder;
  }

  /** Files that arrive in parts. */
  get uploads(): Uploads {
    this.#owner?.check();
    return this.#uploads;
  }

  /** Whether a job that this client began with an idempotency key has used an upload. */
  hasUsed(id: string, client: string): boolean {
    return isUsed(this.#entries, id, client);
  }

  /** `client`: the name of the API key that asks for the job; empty without API keys. */
  draft(client: string): Promise<JobDraft> {
    this.#owner?.check();
    return JobDraft.begin({ parent: this.#folder, maxMb: this.#options.settings.server.maxJobMb, space: this.#space, client });
  }

  /**
   * Adds a job. A request with the idempotency key of an earlier one gets that job. Throws `idempotency_conflict` and `jobs_full`. The caller
   * discards the draft afterwards.
   */
  submit({ request, draft, idempotency, requestId, requests }: Submission): Promise<{ readonly job: Job; readonly isNew: boolean }> {
    return this.#changes.run(async () => {
      this.#owner?.check();
      const earlier = idempotency === null ? undefined : jobWithKey(this.#entries, idempotency);
      if (earlier !== undefined) {
        if (earlier.idempotency?.digest !== idempotency?.digest) throw new Refused("idempotency_conflict");
        return { job: earlier, isNew: false };
      }
      if (draft.uploads.length < draft.uploadIds.length) throw new Refused("upload_used");
      checkWaiting(this.#entries, draft.client, this.#options.settings.server.maxWaitingJobs);
      if (this.#closing.signal.aborted) throw new Refused("stopping");
      const { given, client } = draft;
      const job = newJob(request, { given, client, idempotency });
      const entry = newEntry(job, await draft.commit(job), requests);
      this.#entries.set(job.id, entry);
      this.#options.log("info", "job queued", {
        job: job.id,
        request_id: requestId,
        kind: request.kind,
        collection: request.collection,
        sources: request.sources.length,
        given,
      });
      this.#startWaiting();
      await this.#uploads.forget(draft.uploads);
      return { job: entry.job, isNew: true };
    });
  }

  /** Stops a job: images that are in flight are finished, for at most `server.drain_timeout` seconds. A job that has ended stays as it is. */
  async cancel(id: string): Promise<Job> {
    const entry = this.#entry(id);
    if (isEnded(entry.job) || entry.isCancelled) return entry.job;
    entry.isCancelled = true;
    const { run } = entry;
    if (run === null) {
      entry.finished = this.#ends.end(entry, stateAfter.cancel(), null);
      await entry.finished;
    } else {
      await this.#change(entry, { state: "stopping" });
      run.drain();
      const timer = setTimeout(() => run.abort(), this.#options.settings.server.drainTimeout * 1000);
      void entry.finished.then(() => clearTimeout(timer));
    }
    return entry.job;
  }

  /** Forgets a job that has ended. Throws `job_active` for others, and while a retry of the job runs. */
  async delete(id: string): Promise<void> {
    const entry = this.#entry(id);
    if (!isEnded(entry.job) || isRead(entry, this.#entries)) throw new Refused("job_active");
    this.#entries.delete(id);
    // After the write of its end.
    await this.#changes.run(() => entry.folder.delete());
  }

  /** Some of the failures of a job, one per image. */
  failures(id: string, page: PageRequest): Promise<DeadLetterPage> {
    return this.#failures.page(this.#entry(id).folder.failuresPath, page);
  }

  /** Streams the events of a job after the given one, until the job has ended or `signal` fires. null: nothing has come for a while. */
  events(id: string, lastId: string | undefined, signal: AbortSignal): AsyncGenerator<JobEvent | null> | null {
    const { events } = this.#entry(id);
    return events.isEnd(lastId) ? null : events.after(lastId, signal);
  }

  /** Lets running jobs finish the images in flight, until `deadline` fires. The next server continues with them. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#closing.abort();
    const uploadsClosed = this.#uploads.close();
    const running = this.runs.map(({ run }) => run);
    for (const run of running) run.drain();
    const abort = (): void => {
      for (const run of running) run.abort();
    };
    if (deadline.aborted) abort();
    deadline.addEventListener("abort", abort, { once: true });
    await Promise.allSettled([this.#leaving, ...[...this.#entries.values()].map(({ finished }) => finished)]);
    deadline.removeEventListener("abort", abort);
    await this.#changes.idle();
    await uploadsClosed;
    for (const { events } of this.#entries.values()) events.close();
    await this.#owner?.release();
  }

  async #readJobs(): Promise<void> {
    const crashed: Entry[] = [];
    for (const { folder, job } of await findJobs(this.#folder, this.#space)) {
      if (job === null) {
        this.#options.log("warn", "job left alone", { folder: folder.path, reason: "expected a whole record of this version" });
        continue;
      }
      const entry = newEntry(job, folder, []);
      this.#entries.set(job.id, entry);
      if (isEnded(job)) entry.events.close();
      else if (job.state === "running" || job.state === "stopping") crashed.push(entry);
    }
    for (const entry of crashed) await this.#recover(entry);
  }

  async #recover(entry: Entry): Promise<void> {
    const next = stateAfter.crash(entry.job);
    if (next.state === "queued") return this.#change(entry, next);
    try {
      await this.#ends.end(entry, next, null);
    } catch (error) {
      this.#ends.lose(entry, error);
    }
  }

  /** The jobs are those of the other server now, with all their files. */
  async #leave(): Promise<void> {
    this.#closing.abort();
    for (const { run } of this.runs) run.abort();
    const left = [...this.#entries.values()];
    await Promise.allSettled([this.#uploads.close(), ...left.map(({ finished }) => finished)]);
    for (const { events } of left) events.close();
    this.#entries.clear();
  }

  #startWaiting(): void {
    if (this.#closing.signal.aborted) return;
    for (const entry of entriesToStart(this.#entries, this.#options.settings.server.jobsAtOnce)) {
      entry.run = this.#runOf(entry);
      entry.finished = this.#follow(entry, entry.run);
    }
  }

  #runOf(entry: Entry): JobRun {
    const { log, telemetry, ...shared } = this.#options;
    const { job, folder, requests } = entry;
    return new JobRun({
      ...shared,
      job,
      folder,
      watched: telemetry.watchRun({ collection: job.request.collection, job: job.id, requests }),
      folderOf: (id) => {
        const path = join(this.#folder, id);
        return new JobFolder(path, this.#space.folder(path, job.client));
      },
      onPicture: (data) => entry.events.add({ name: "picture", data }),
      onUnavailable: ({ code, message }, delayMs) =>
        log("warn", "job waits", { job: job.id, code, message, retry_ms: Math.round(delayMs) }),
    });
  }

  /** Writes the attempt down before it begins, so that one that ends the server counts. Never rejects: a record that cannot be written is logged. */
  async #follow(entry: Entry, run: JobRun): Promise<void> {
    const { log } = this.#options;
    const { id, attempts, startedAt } = entry.job;
    try {
      log("info", "job started", { job: id, attempt: attempts + 1, ...run.names });
      await this.#change(entry, { state: "running", attempts: attempts + 1, startedAt: startedAt ?? new Date().toISOString() });
      const end = await run.done();
      if (this.#leaving !== null) return;
      const { isCancelled } = entry;
      const next = stateAfter.attempt(entry.job, { ...end, total: run.total }, { isCancelled, isClosing: this.#closing.signal.aborted });
      await this.#ends.end(entry, next, end.retried);
    } catch (error) {
      run.abort();
      await run.done();
      this.#ends.lose(entry, error);
    }
    this.#startWaiting();
  }

  async #change(entry: Entry, changes: Partial<Job>): Promise<void> {
    entry.job = { ...entry.job, ...changes };
    entry.events.add({ name: "job", data: entry.job });
    // The records of a folder that was lost are those of another server.
    if (this.#leaving === null) await this.#changes.run(() => entry.folder.write(entry.job));
  }

  #entry(id: string): Entry {
    this.#owner?.check();
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Refused("job_not_found");
    return entry;
  }
}
