/** Describes in a few sentences which stage limited the speed of a run, and which setting would raise the speed. */
import type { RunReport, StageReport } from "../contracts/index.js";
import { ceilings, type Resources, speedOf, unknownResources, usedShare } from "./forecast.js";
import { type Advice, busiestStage, fullShare, isLongEnough, type Knob, type Limit, limitingStage, limitOf } from "./limit.js";
import { shareOf } from "./stage-shares.js";

export const tooShortToSay = "The run was too short to say what limits it.";

export function verdict(report: RunReport, resources: Resources = unknownResources, knobs: readonly Knob[] = []): string {
  if (report.read === 0) return "There was nothing to do.";
  if (report.skipped === report.read) return "Everything was stored already.";
  if (!isLongEnough(report)) return tooShortToSay;
  const limit = limitOf(report, resources, knobs);
  return [limitText(report, limit), ...serverText(limit, resources), ...adviceText(report, resources, limit)].join(" ");
}

function limitText(report: RunReport, limit: Limit | null): string {
  const limiting = busiestStage(report);
  if (limiting === undefined) return tooShortToSay;
  const share = percent(usedShare(limiting, report.elapsedMs));
  if (limit === null || limitingStage(limit) !== limiting.name) {
    const cause =
      limit?.stage === "processors"
        ? `the processors are, ${percent(limit.busyShare)} of the time`
        : limit?.stage === "source"
          ? "the source delivers too slowly"
          : "the source delivers too slowly, or the processors are shared";
    return `No stage was busy for long (${limiting.name} the most, ${share}): ${cause}.`;
  }
  const starved = report.stages.filter((stage) => stage !== limiting && shareOf(stage, stage.starvedMs) > 0.3).map(({ name }) => name);
  const waiting = starved.length === 0 ? "" : `; ${starved.join(", ")} waited for input`;
  const throttled = limiting.waitingMs > limiting.busyMs ? ", most of it waiting for its service" : "";
  return `${limiting.name} is the limit: ${workers(limiting)} in use ${share} of the time${throttled}${waiting}.`;
}

function serverText(limit: Limit | null, { server }: Resources): readonly string[] {
  if (server === null) return [];
  const what = server.source === "gpu" ? "GPU busy" : "Model busy";
  const waited =
    limit === null || limit.stage === "embed" || server.busyShare >= fullShare ? "" : `; it waited for ${waitedFor(limit.stage)}`;
  return [`${what} ${percent(server.busyShare)} (its server's figure)${waited}.`];
}

function waitedFor(stage: string): string {
  return stage === "source" || stage === "processors" ? `the ${stage}` : stage;
}

function adviceText(report: RunReport, resources: Resources, limit: Limit | null): readonly string[] {
  if (limit === null) return [];
  const [best] = limit.advice;
  if (best !== undefined)
    return [`${best.setting} ${best.from} → ${best.to} predicts ${gain(best, report)}${beyond(report, resources, limit)}.`];
  if (limit.stage === "embed" && (resources.server?.busyShare ?? 0) >= fullShare)
    return ["No setting here helps: the model on its server is the limit."];
  return limit.stage !== "source" && (resources.cpuShare ?? 0) >= fullShare ? [`No setting helps: ${coresText(resources)} the limit.`] : [];
}

function gain({ predictedImagesPerSecond: predicted }: Advice, report: RunReport): string {
  return `${Math.round(predicted)} images/s (+${Math.round((predicted / speedOf(report) - 1) * 100)} %)`;
}

/** Names what limits the speed after the advised change. */
function beyond(report: RunReport, resources: Resources, limit: Limit): string {
  const next = ceilings(report, resources).find(({ name }) => name !== limit.stage);
  if (next === undefined) return "";
  const name =
    next.name === "processors" ? coresText(resources) : next.name === "server" ? "the model on its server is" : `${next.name} is`;
  return `; beyond that, ${name} the limit at ${Math.round(next.imagesPerSecond)} images/s`;
}

function coresText({ cores }: Resources): string {
  return cores === 1 ? "this core is" : `these ${cores} cores are`;
}

function workers({ workers: n }: StageReport): string {
  return n === 1 ? "its worker was" : `its ${n} workers were`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
