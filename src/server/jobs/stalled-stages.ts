/** Finds the stages of jobs with a worker that does not come back from a batch: a part behind it is dead, or hangs. */
import type { StageState } from "../../contracts/index.js";

interface JobInProgress {
  readonly id: string;
  readonly run: { stages(): readonly StageState[] };
}

/** Time in which a stage waits for a service that is away does not count: that is for the check of readiness. */
export function stalledStages(
  runs: readonly JobInProgress[],
  timeoutSeconds: number,
): readonly { readonly job: string; readonly stage: string; readonly busy_seconds: number }[] {
  return runs.flatMap(({ id, run }) =>
    run
      .stages()
      .filter(({ longestBusyMs }) => longestBusyMs > timeoutSeconds * 1000)
      .map(({ name, longestBusyMs }) => ({ job: id, stage: name, busy_seconds: Math.round(longestBusyMs / 1000) })),
  );
}
