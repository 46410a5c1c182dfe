/** What follows the end of a job: its images are kept or deleted, its record is written, and old jobs are forgotten. */
import type { Settings } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";
import type { KeptUploads } from "../kept/kept-uploads.js";
import type { Log } from "../telemetry/log.js";
import { type Entry, isRead } from "./entry.js";
import { isEnded, type Job } from "./job.js";
import type { AttemptEnd } from "./job-run.js";
import { longestKept } from "./job-states.js";
import { failedUploads, keepUploads } from "./job-uploads.js";

export interface JobEndsOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Gets the images that came with a job when the job has ended. */
  readonly uploads: Pick<KeptUploads, "take" | "forgetUnused">;
  /** All jobs, by id. Old ones are removed. */
  readonly entries: Map<string, Entry>;
  /** Changes a job in memory and on disk. */
  readonly change: (entry: Entry, changes: Partial<Job>) => Promise<void>;
}

export class JobEnds {
  readonly #options: JobEndsOptions;

  constructor(options: JobEndsOptions) {
    this.#options = options;
  }

  /** Gives a job its state after an attempt: it has ended, or waits for the next server. `retried`: see `AttemptEnd`. */
  async end(entry: Entry, next: Partial<Job>, retried: AttemptEnd["retried"]): Promise<void> {
    const { entries, uploads, log, change } = this.#options;
    const failed = isEnded({ ...entry.job, ...next }) ? await failedUploads(entry) : null;
    // Whoever sees the end of the job may ask for the pictures.
    if (failed !== null) await keepUploads(entry, { failed, retried, jobs: entries, uploads });
    // Until here, a request to cancel the job finds a running one.
    entry.run = null;
    await change(entry, next);
    const { id, state, counts, error } = entry.job;
    log(state === "failed" ? "error" : "info", state === "queued" ? "job parked" : "job ended", {
      job: id,
      state,
      ...counts,
      ...(error === null ? {} : { code: error.code, message: error.message }),
    });
    if (failed !== null) await this.#tidy(entry, failed);
  }

  /** Ends a job whose record cannot be written. */
  lose(entry: Entry, thrown: unknown): void {
    const error = HeadraceError.from(thrown);
    this.#options.log("error", "job record lost", { job: entry.job.id, code: error.code, message: error.message });
    entry.run = null;
    entry.job = { ...entry.job, state: "failed", endedAt: new Date().toISOString(), error: error.toJSON() };
    entry.events.close();
  }

  /** The end is written. What cannot be deleted does not change it. */
  async #tidy(entry: Entry, failed: ReadonlySet<string>): Promise<void> {
    const { uploads, entries, settings } = this.#options;
    entry.events.close();
    // Some images of a job that has not completed have no row.
    if (entry.job.state !== "completed") uploads.forgetUnused();
    await this.#logged(entry, () => entry.folder.forgetUploads(failed));
    const ended = [...entries.values()].map(({ job }) => job).filter(isEnded);
    for (const { id } of longestKept(ended).slice(settings.server.keepJobs)) {
      const old = entries.get(id);
      // Meanwhile, another end or a request may have deleted it.
      if (old === undefined || isRead(old, entries)) continue;
      entries.delete(id);
      await this.#logged(old, () => old.folder.delete());
    }
  }

  async #logged({ job, folder }: Entry, remove: () => Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      this.#options.log("warn", "job files stay", { job: job.id, folder: folder.path, message: HeadraceError.from(error).message });
    }
  }
}
