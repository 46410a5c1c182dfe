/** A self-contained SVG of runs: one lane per stage over time, filled by how its workers spent that time. */
import type { Moment } from "../../app/index.js";
import type { StageReport } from "../../contracts/index.js";

export interface PicturedRun {
  readonly title: string;
  readonly moments: readonly Moment[];
}

const colours = { busy: "#2f7d4f", waiting: "#7a5aa6", blocked: "#e0913a", starved: "#e8e8e8" } as const;
type Activity = keyof typeof colours;
const activities = Object.keys(colours) as Activity[];
const meanings: Readonly<Record<Activity, string>> = {
  busy: "busy",
  waiting: "waiting for a service",
  blocked: "blocked: the next stage is full",
  starved: "starved: no input",
};

const left = 90;
const chartWidth = 860;
const laneHeight = 26;
const laneGap = 6;
const titleHeight = 34;
const legendHeight = 40;
/** Columns of the widest run. */
const columns = 240;

/** All runs share one time axis, so a faster run is shorter. */
export function lanesPicture(runs: readonly PicturedRun[]): string {
  const endMs = Math.max(...runs.map(({ moments }) => moments.at(-1)?.atMs ?? 0), 1);
  let top = legendHeight;
  const parts: string[] = [];
  for (const run of runs) {
    const { svg, height } = runPart(run, top, endMs);
    parts.push(svg);
    top += height;
  }
  const height = top + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + chartWidth + 20} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...activities.map((activity, at) => legendPart(activity, left + at * 215)),
    ...parts,
    ...axisParts(endMs, top),
    "</svg>\n",
  ].join("\n");
}

function legendPart(activity: Activity, x: number): string {
  return `<rect x="${x}" y="12" width="14" height="14" fill="${colours[activity]}"/><text x="${x + 20}" y="23">${meanings[activity]}</text>`;
}

function runPart({ title, moments }: PicturedRun, top: number, endMs: number): { readonly svg: string; readonly height: number } {
  const names = moments.at(-1)?.stages.map(({ name }) => name) ?? [];
  const lanes = names.map((name, at) => {
    const y = top + titleHeight + at * (laneHeight + laneGap);
    return `<text x="${left - 8}" y="${y + laneHeight / 2 + 4}" text-anchor="end">${escaped(name)}</text>${lanePart(name, thinned(moments, endMs), y, endMs)}`;
  });
  const height = titleHeight + names.length * (laneHeight + laneGap) + 8;
  return { svg: [`<text x="${left}" y="${top + 22}" font-weight="bold">${escaped(title)}</text>`, ...lanes].join("\n"), height };
}

/** One path per activity. The shares of an interval are stacked, the busy share at the bottom. */
function lanePart(name: string, moments: readonly Moment[], y: number, endMs: number): string {
  const x = (ms: number): string => (left + (ms / endMs) * chartWidth).toFixed(1);
  const paths = Object.fromEntries(activities.map((activity) => [activity, ""])) as Record<Activity, string>;
  for (let at = 1; at < moments.length; at += 1) {
    const [from, to] = [moments[at - 1]!, moments[at]!];
    const shares = sharesBetween(stageOf(from, name), stageOf(to, name));
    let bottom = y + laneHeight;
    for (const activity of activities) {
      const height = shares[activity] * laneHeight;
      if (height < 0.05) continue;
      bottom -= height;
      paths[activity] += `M${x(from.atMs)} ${bottom.toFixed(1)}H${x(to.atMs)}v${height.toFixed(1)}H${x(from.atMs)}z`;
    }
  }
  return activities
    .map((activity) => (paths[activity] === "" ? "" : `<path fill="${colours[activity]}" d="${paths[activity]}"/>`))
    .join("");
}

function sharesBetween(before: StageReport | undefined, after: StageReport | undefined): Readonly<Record<Activity, number>> {
  const spent = (activity: Activity): number => (after?.[`${activity}Ms`] ?? 0) - (before?.[`${activity}Ms`] ?? 0);
  const total = activities.reduce((sum, activity) => sum + spent(activity), 0);
  const share = (activity: Activity): number => (total <= 0 ? 0 : spent(activity) / total);
  return { busy: share("busy"), waiting: share("waiting"), blocked: share("blocked"), starved: share("starved") };
}

function stageOf({ stages }: Moment, name: string): StageReport | undefined {
  return stages.find((stage) => stage.name === name);
}

function thinned(moments: readonly Moment[], endMs: number): readonly Moment[] {
  const minStepMs = endMs / columns;
  const kept: Moment[] = [];
  for (const [at, moment] of moments.entries()) {
    if (at === moments.length - 1 || moment.atMs - (kept.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) >= minStepMs) kept.push(moment);
  }
  return kept;
}

function axisParts(endMs: number, y: number): readonly string[] {
  const stepS = [0.5, 1, 2, 5, 10, 30, 60, 300].find((step) => endMs / 1000 / step <= 10) ?? 1_000;
  const ticks = Array.from({ length: Math.floor(endMs / 1000 / stepS) + 1 }, (_, at) => at * stepS);
  return ticks.map((seconds) => {
    const x = (left + ((seconds * 1000) / endMs) * chartWidth).toFixed(1);
    return `<path d="M${x} ${y}v5" stroke="#666"/><text x="${x}" y="${y + 18}" text-anchor="middle" fill="#444">${seconds} s</text>`;
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
