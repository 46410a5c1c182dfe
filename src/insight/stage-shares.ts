/** How the workers of a stage spent their time, as shares. */
import type { StageReport } from "../contracts/index.js";

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

export function shareOf(stage: StageReport, ms: number): number {
  const total = stage.busyMs + stage.starvedMs + stage.blockedMs + stage.waitingMs;
  return total === 0 ? 0 : ms / total;
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000;
}
