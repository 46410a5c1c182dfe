/** Predicts the speed of a run with other settings, by the operational laws: demand per image, utilisation, and the bottleneck's ceiling. */
import type { RunReport, StageReport } from "../contracts/index.js";
import type { ServerLoad } from "./server-load.js";

/** What a run shares with other programs: the processors of this machine, and the servers of the model. */
export interface Resources {
  readonly cores: number;
  /** Share (0 to 1) of the time of all cores in which the run used them, with its servers if they are on this machine. null: not measured. */
  readonly cpuShare: number | null;
  /** null: the embedder has no servers, or they do not tell. */
  readonly server: ServerLoad | null;
}

export const unknownResources: Resources = { cores: 1, cpuShare: null, server: null };

/** One limit of the speed. `name`: a stage, "processors" or "server". */
export interface Ceiling {
  readonly name: string;
  readonly imagesPerSecond: number;
}

/** What a change of settings multiplies. A missing entry means 1. */
export interface Change {
  /** Worker time per image, by stage. Half the time or twice the workers: 0.5. */
  readonly stages: Readonly<Record<string, number>>;
  /** CPU time per image. */
  readonly cpu?: number;
}

/** Share (0 to 1) of the run in which the workers of a stage were in use. A stage that ended early did not limit the rest of the run. */
export function usedShare(stage: StageReport, elapsedMs: number): number {
  return elapsedMs === 0 ? 0 : (stage.busyMs + stage.waitingMs) / (stage.workers * elapsedMs);
}

/** Stored images per second. */
export function speedOf({ stored, elapsedMs }: RunReport): number {
  return elapsedMs === 0 ? 0 : (stored / elapsedMs) * 1000;
}

/** The speed that each resource would allow if it were in use all the time, the lowest first. Resources that were never in use are left out. */
export function ceilings(report: RunReport, resources: Resources, change: Change = { stages: {} }): readonly Ceiling[] {
  const speed = speedOf(report);
  const ceiling = (name: string, share: number | null | undefined, factor = 1): readonly Ceiling[] =>
    share === null || share === undefined || share <= 0 ? [] : [{ name, imagesPerSecond: speed / (Math.min(1, share) * factor) }];
  return [
    ...report.stages.flatMap((stage) => ceiling(stage.name, usedShare(stage, report.elapsedMs), change.stages[stage.name])),
    ...ceiling("processors", resources.cpuShare, change.cpu),
    ...ceiling("server", resources.server?.busyShare),
  ].sort((a, b) => a.imagesPerSecond - b.imagesPerSecond);
}

/**
 * Predicts the speed after a change: the lowest ceiling then, times the share of the lowest ceiling that this run reached. No queue in a
 * pipeline keeps its slowest stage busy all the time.
 */
export function predictedSpeed(report: RunReport, resources: Resources, change: Change): number {
  const [now] = ceilings(report, resources);
  const [then] = ceilings(report, resources, change);
  if (now === undefined || then === undefined) return speedOf(report);
  return then.imagesPerSecond * (speedOf(report) / now.imagesPerSecond);
}
