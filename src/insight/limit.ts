/** What limited the speed of a run, and which settings would raise it. */
import type { RunReport, StageReport } from "../contracts/index.js";
import { ceilings, predictedSpeed, type Resources, speedOf, usedShare } from "./forecast.js";

/** A setting that changes the speed of one stage. */
export type Knob =
  /** The stage has as many workers as the setting says, or a multiple. `most`: a larger value has no effect. */
  | { readonly kind: "workers"; readonly stage: string; readonly setting: string; readonly value: number; readonly most: number }
  /** Another model. `factor`: its CPU time, divided by that of the present model. */
  | {
      readonly kind: "model";
      readonly stage: string;
      readonly setting: string;
      readonly value: string;
      readonly to: string;
      readonly factor: number;
    };

/** A change of one setting, and the speed that it is predicted to give. */
export interface Advice {
  readonly setting: string;
  readonly from: number | string;
  readonly to: number | string;
  readonly predictedImagesPerSecond: number;
}

/** What limited the speed of a run. */
export interface Limit {
  /** The name of the limiting stage. "source": the images came too slowly. "processors": no stage was busy, but the cores were. */
  readonly stage: string;
  /** Share (0 to 1) of the run in which the limiting stage, or the processors, were in use. For a source: in which the run waited for it. */
  readonly busyShare: number;
  /** The speed at which the limit would be in use all the time. */
  readonly ceilingImagesPerSecond: number;
  /** The best change first. Empty: no setting helps. */
  readonly advice: readonly Advice[];
}

/** A shorter run does not show which stage limits the speed. */
const minMeaningfulMs = 3_000;
/** A stage that was in use for less than this share was not the limit. */
const minUsedShare = 0.6;
/** A stage that was in use for this share was the limit, even if the first stage often waited for the source. */
const surelyUsedShare = 0.85;
/** Processors or servers that are in use for this share can hardly do more. */
export const fullShare = 0.9;
/** A change is advised only if it makes the run faster by this factor. */
const minGain = 1.03;
/** Most by which one piece of advice multiplies a number of workers. Predictions further away from what was measured are unreliable. */
const maxStep = 8;

/** True if a run of this length shows what limited it. */
export function isLongEnough({ elapsedMs }: Pick<RunReport, "elapsedMs">): boolean {
  return elapsedMs >= minMeaningfulMs;
}

/** null: the run was too short, or stored nothing. */
export function limitOf(report: RunReport, resources: Resources, knobs: readonly Knob[]): Limit | null {
  if (!isLongEnough(report) || report.stored === 0) return null;
  const { stage, busyShare } = limiting(report, resources);
  return {
    stage,
    busyShare: Math.round(busyShare * 1000) / 1000,
    ceilingImagesPerSecond: rounded(busyShare > 0 ? speedOf(report) / Math.min(1, busyShare) : speedOf(report)),
    advice: stage === "source" ? [] : adviceOf(report, resources, knobs, stage),
  };
}

/** The stage that limited the run. null: the source, the processors or nothing did. */
export function limitingStage(limit: Limit | null): string | null {
  return limit === null || limit.busyShare < minUsedShare || notStages.has(limit.stage) ? null : limit.stage;
}

const notStages: ReadonlySet<string> = new Set(["source", "processors"]);

/** Returns the stage whose workers were in use the most. */
export function busiestStage({ stages, elapsedMs }: RunReport): StageReport | undefined {
  return [...stages].sort((a, b) => usedShare(b, elapsedMs) - usedShare(a, elapsedMs))[0];
}

function limiting(report: RunReport, { cpuShare }: Resources): Pick<Limit, "stage" | "busyShare"> {
  const busiest = busiestStage(report);
  const used = busiest === undefined ? 0 : usedShare(busiest, report.elapsedMs);
  const [first] = report.stages;
  const waited = first === undefined ? 0 : first.starvedMs / (first.workers * report.elapsedMs);
  const sourceIsSlow = waited >= 0.5 && used < surelyUsedShare;
  if (busiest !== undefined && used >= minUsedShare && !sourceIsSlow) return { stage: busiest.name, busyShare: Math.min(1, used) };
  if (waited >= 0.5 || busiest === undefined) return { stage: "source", busyShare: Math.min(1, waited) };
  if ((cpuShare ?? 0) >= fullShare) return { stage: "processors", busyShare: cpuShare ?? 0 };
  return { stage: busiest.name, busyShare: used };
}

function adviceOf(report: RunReport, resources: Resources, knobs: readonly Knob[], stage: string): readonly Advice[] {
  const cpuBound = (resources.cpuShare ?? 0) >= fullShare;
  return knobs
    .flatMap((knob) => {
      if (knob.kind === "workers") return knob.stage === stage ? moreWorkers(report, resources, knob) : [];
      return knob.stage === stage || cpuBound ? otherModel(report, resources, knob) : [];
    })
    .filter(({ predictedImagesPerSecond }) => predictedImagesPerSecond >= minGain * speedOf(report))
    .sort((a, b) => b.predictedImagesPerSecond - a.predictedImagesPerSecond);
}

/** Advises just as many workers as bring the stage to the next limit. */
function moreWorkers(report: RunReport, resources: Resources, knob: Extract<Knob, { kind: "workers" }>): readonly Advice[] {
  const { stage, setting, value, most } = knob;
  const all = ceilings(report, resources);
  const own = all.find(({ name }) => name === stage);
  const next = all.find(({ name }) => name !== stage);
  if (own === undefined) return [];
  const wanted = next === undefined ? maxStep * value : Math.ceil((value * next.imagesPerSecond) / own.imagesPerSecond - 1e-9);
  const to = Math.min(most, maxStep * value, wanted);
  if (to <= value) return [];
  const predicted = predictedSpeed(report, resources, { stages: { [stage]: value / to } });
  return [{ setting, from: value, to, predictedImagesPerSecond: rounded(predicted) }];
}

function otherModel(report: RunReport, resources: Resources, knob: Extract<Knob, { kind: "model" }>): readonly Advice[] {
  const { stage, setting, value, to, factor } = knob;
  const busy = (names: readonly string[]) =>
    report.stages.reduce((sum, { name, busyMs }) => (names.includes(name) ? sum + busyMs : sum), 0);
  const computing = busy(computingStages);
  const share = computing === 0 ? 0 : busy([stage]) / computing;
  const predicted = predictedSpeed(report, resources, { stages: { [stage]: factor }, cpu: 1 - (1 - factor) * share });
  return [{ setting, from: value, to, predictedImagesPerSecond: rounded(predicted) }];
}

/** The stages that spend their busy time on this machine's processors. */
const computingStages: readonly string[] = ["decode", "preprocess", "embed"];

function rounded(imagesPerSecond: number): number {
  return Math.round(imagesPerSecond * 10) / 10;
}
