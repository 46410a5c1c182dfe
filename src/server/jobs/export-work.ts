/** The work of a job that makes a snapshot: the rows of its collection become a Parquet file in its folder. */
import { HeadraceError } from "../../contracts/index.js";
import { spaceOf } from "../kept/job-space.js";
import type { JobWork, WorkHooks, WorkParts, WorkRun } from "./job-work.js";
import { movingWork } from "./moving-work.js";

export class ExportWork implements JobWork {
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async start({ onTotal, stop: _, ...hooks }: WorkHooks): Promise<WorkRun> {
    const { pipeline, job, folder } = this.#parts;
    await folder.forgetPartialSnapshots();
    const run = await pipeline.exportCollection({
      from: { collection: job.request.collection },
      output: folder.snapshotPath,
      format: "parquet",
      admit: this.#admission(),
      ...hooks,
    });
    const work = movingWork(run, onTotal);
    return { ...work, done: work.done.finally(() => folder.measure()) };
  }

  /** Returns a function that takes space of the disk for a file of so many bytes. Throws `snapshot_too_large`. */
  #admission(): (bytes: number) => void {
    const { folder, settings, job } = this.#parts;
    const { maxJobsMb } = settings.server;
    let taken = 0;
    return (bytes) => {
      const more = Math.max(0, spaceOf(bytes) - taken);
      if (!folder.space.hasRoom(more)) {
        throw new HeadraceError(
          "snapshot_too_large",
          `job ${job.id}: expected the files of all jobs to take at most ${maxJobsMb} MiB (\`server.max_jobs_mb\`), and those of one key three quarters of it, found more`,
        );
      }
      folder.space.grow(more);
      taken += more;
    };
  }
}
