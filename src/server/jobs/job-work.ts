/** What a job does, as `JobRun` follows it. */
import type { ImageEmbeddingPipeline, IngestRun, InsertStats, ReportContext, Settings } from "../../app/index.js";
import type { Observer, Outcome } from "../../contracts/index.js";
import type { Job } from "./job.js";
import type { JobFolder } from "./job-folder.js";

export interface WorkParts {
  readonly pipeline: ImageEmbeddingPipeline;
  readonly settings: Settings;
  readonly job: Job;
  readonly folder: JobFolder;
  /** Returns the folder of another job. */
  readonly folderOf: (id: string) => JobFolder;
}

export interface WorkHooks {
  readonly observer: Observer;
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called when the number of images or rows is known. null: it is unknown. */
  readonly onTotal: (total: number | null) => void;
  /** Fires when the run is to end at once. */
  readonly signal: AbortSignal;
  /** Fires when the run is to read no more. */
  readonly stop: AbortSignal;
}

/** A run in progress. */
export type WorkRun = Pick<IngestRun, "drain" | "snapshot" | "stages" | "verdict" | "limitingStage" | "serverLoad"> & {
  readonly done: Promise<WorkStats>;
};

export type WorkStats = InsertStats & Pick<ReportContext, "leftOut" | "leftOutColumns">;

export interface JobWork {
  /** Starts the run. Called again after an error of a service that was not there. */
  start(hooks: WorkHooks): Promise<WorkRun>;
}
