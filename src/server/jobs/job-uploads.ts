/** The images that came with a job, when it has ended: which have a row, so that they are kept, and where they are. */
import { readDeadLetters } from "../../app/index.js";
import { sha256Of } from "../insertions/sources.js";
import type { KeptUploads } from "../kept/kept-uploads.js";
import type { Entry } from "./entry.js";
import { firstJobOf } from "./job.js";

interface EndedJob {
  /** What `failedUploads` returns. */
  readonly failed: ReadonlySet<string>;
  /** The images that have a row since this retry. Null: the job is no retry, or has not run. */
  readonly retried: ReadonlySet<string> | null;
  /** All jobs, by id. */
  readonly jobs: ReadonlyMap<string, Entry>;
  readonly uploads: Pick<KeptUploads, "take">;
}

/** Returns the SHA-256 of the images that came with the job and failed. A retry needs them. Other failures may be millions. */
export async function failedUploads({ folder }: Entry): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for await (const { source } of readDeadLetters(folder.failuresPath)) {
    const sha256 = sha256Of(source);
    if (sha256 !== null) failed.add(sha256);
  }
  return failed;
}

/** Keeps the images that have a row. Those of a retry are in the folder of the job that they came with. */
export async function keepUploads(entry: Entry, { failed, retried, jobs, uploads }: EndedJob): Promise<void> {
  if (entry.job.request.retry === null) return uploads.take(entry.folder.uploadsPath, (sha256) => !failed.has(sha256));
  const folder = jobs.get(firstJobOf(entry.job))?.folder;
  if (folder !== undefined && retried !== null && retried.size > 0) await uploads.take(folder.uploadsPath, (sha256) => retried.has(sha256));
}
