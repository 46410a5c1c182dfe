/** Describes in one sentence which stage limited the speed of a run. */
import type { RunReport, StageReport } from "../contracts/index.js";

/** A shorter run does not show which stage limits the speed. */
const minMeaningfulMs = 3_000;

export const tooShortToSay = "The run was too short to say what limits it.";

export function verdict(report: RunReport): string {
  if (report.read === 0) return "There was nothing to do.";
  if (report.skipped === report.read) return "Everything was stored already.";
  if (report.elapsedMs < minMeaningfulMs) return tooShortToSay;
  // The time of a stage is divided by the time of the whole run. A stage that ended early did not limit the rest of the run.
  const usedShare = (stage: StageReport) => (stage.busyMs + stage.waitingMs) / (stage.workers * report.elapsedMs);
  const limiting = report.stages.reduce((most, stage) => (usedShare(stage) > usedShare(most) ? stage : most));
  const share = percent(usedShare(limiting));
  const starved = report.stages.filter((stage) => stage !== limiting && shareOf(stage, stage.starvedMs) > 0.3).map(({ name }) => name);
  const waiting = starved.length === 0 ? "" : `; ${starved.join(", ")} waited for input`;
  if (usedShare(limiting) < 0.6) {
    return `No stage was busy for long (${limiting.name} the most, ${share}): the source delivers too slowly, or the processors are shared.`;
  }
  const throttled = limiting.waitingMs > limiting.busyMs ? ", most of it waiting for its service" : "";
  return `${limiting.name} is the limit: ${workers(limiting)} in use ${share} of the time${throttled}${waiting}.`;
}

/** Returns the shares (0 to 1) of their time in which the workers of a stage were busy, starved, blocked and waiting. */
export function stageShares(stage: StageReport): {
  readonly busyShare: number;
  readonly starvedShare: number;
  readonly blockedShare: number;
  readonly waitingShare: number;
} {
  return {
    busyShare: rounded(shareOf(stage, stage.busyMs)),
    starvedShare: rounded(shareOf(stage, stage.starvedMs)),
    blockedShare: rounded(shareOf(stage, stage.blockedMs)),
    waitingShare: rounded(shareOf(stage, stage.waitingMs)),
  };
}

function shareOf(stage: StageReport, ms: number): number {
  const total = stage.busyMs + stage.starvedMs + stage.blockedMs + stage.waitingMs;
  return total === 0 ? 0 : ms / total;
}

function workers({ workers: n }: StageReport): string {
  return n === 1 ? "its worker was" : `its ${n} workers were`;
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
