/** A run that moves rows, as a job follows it. It embeds nothing, so it says nothing of the model and its speed. */
import type { MoveRun } from "../../app/index.js";
import type { WorkHooks, WorkRun } from "./job-work.js";

export function movingWork(run: MoveRun, onTotal: WorkHooks["onTotal"]): WorkRun {
  void run.total.then(onTotal);
  return {
    drain: () => run.drain(),
    snapshot: () => run.snapshot(),
    stages: () => run.stages(),
    verdict: () => "",
    limitingStage: () => null,
    serverLoad: () => null,
    done: run.done.then((report) => ({
      ...report,
      ...{ deadLetters: 0, failedEarlier: 0, unlistedFiles: 0, leftOut: {} },
      ...{ verdict: "", limit: null, gpu: null },
    })),
  };
}
