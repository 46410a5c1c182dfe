/** The work of a job that stores the rows of a snapshot. Rows that the collection has already stay as they are. */
import type { JobWork, WorkHooks, WorkParts, WorkRun } from "./job-work.js";
import { movingWork } from "./moving-work.js";

export class ImportWork implements JobWork {
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async start({ onTotal, stop: _, ...hooks }: WorkHooks): Promise<WorkRun> {
    const { pipeline, job, folder, folderOf } = this.#parts;
    const { collection, snapshotOf } = job.request;
    // A missing collection is refused here, because an import would create it.
    await pipeline.countIds(collection, []);
    const file = (snapshotOf === null ? folder : folderOf(snapshotOf)).snapshotPath;
    const run = await pipeline.importCollection({ file, to: { collection }, existing: "keep", ...hooks });
    return movingWork(run, onTotal);
  }
}
