/** The progress of a run as one line for people: counts, recent speed, time left, and the busiest stage. */
import type { ServerLoad } from "../../app/index.js";
import type { RunSnapshot, StageReport } from "../../contracts/index.js";

interface Sample {
  readonly atMs: number;
  readonly settled: number;
  readonly worked: number;
  readonly stages: readonly StageReport[];
}

export interface ProgressView {
  /** Total number of items; null until the total is known. */
  readonly total: number | null;
  /** How busy the servers of the model are. Default: null, that is unknown. */
  readonly server?: ServerLoad | null;
  /** Maximum number of characters in the line. */
  readonly width: number;
}

/** The speed and the shares of busy time are measured over the last ten seconds. */
const windowMs = 10_000;

/** What each stage is called in the line, by the stage's name in reports. */
const words: Readonly<Record<string, string>> = {
  known: "looking up",
  read: "reading",
  content: "comparing contents",
  decode: "decoding",
  preprocess: "preprocessing",
  embed: "embedding",
  store: "storing",
};

/** Turns snapshots of a run into lines. Keeps the snapshots of the last ten seconds. */
export class ProgressLine {
  readonly #samples: Sample[] = [{ atMs: 0, settled: 0, worked: 0, stages: [] }];

  /** `unit`: the plural noun for the items that are counted. */
  constructor(readonly unit = "images") {}

  /** Returns the line. Parts that do not fit into `width` are left out, beginning with the busiest stage. */
  render(snapshot: RunSnapshot, { total, server = null, width }: ProgressView): string {
    const { stored, skipped, failed, elapsedMs, stages } = snapshot;
    const now: Sample = { atMs: elapsedMs, settled: stored + skipped + failed, worked: stored + failed, stages };
    this.#samples.push(now);
    while (this.#samples.length > 2 && elapsedMs - (this.#samples[1]?.atMs ?? 0) > windowMs) this.#samples.shift();
    const first = this.#samples[0] as Sample;
    const parts = [
      total === null ? format(now.settled) : `${format(now.settled)}/${format(total)}`,
      ...(failed > 0 ? [`${format(failed)} failed`] : []),
      ...this.#speed(first, now, total),
      ...(skipped > 0 ? [`${format(skipped)} skipped`] : []),
      ...busiest(stages, first.stages),
      ...(server === null ? [] : [`${server.source === "gpu" ? "GPU" : "model"} busy ${Math.round(server.busyShare * 100)}%`]),
    ];
    while (parts.length > 1 && parts.join(separator).length > width) parts.pop();
    return parts.join(separator);
  }

  /**
   * The speed does not count skipped items, because skipping takes almost no time. If all recent items were skipped, the speed counts them.
   */
  #speed(first: Sample, now: Sample, total: number | null): readonly string[] {
    const elapsedMs = now.atMs - first.atMs;
    const workPerSecond = rate(now.worked - first.worked, elapsedMs);
    const onlySkips = workPerSecond === 0 && now.settled > first.settled;
    const perSecond = onlySkips ? rate(now.settled - first.settled, elapsedMs) : workPerSecond;
    const speed = `${perSecond >= 10 ? format(Math.round(perSecond)) : perSecond.toFixed(1)} ${onlySkips ? "skipped" : this.unit}/s`;
    return total === null || perSecond === 0 ? [speed] : [speed, `${duration(((total - now.settled) / perSecond) * 1000)} left`];
  }
}

const separator = " · ";

/** Formats milliseconds: `75_000` → "1:15". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Names the stage with the largest share of busy time. `embed` at 92 % becomes "mostly embedding (92%)". */
function busiest(stages: readonly StageReport[], before: readonly StageReport[]): readonly string[] {
  const shares = stages.map((stage, index) => ({ name: stage.name, share: busyShare(stage, before[index]) }));
  const [most] = shares.sort((a, b) => b.share - a.share);
  if (most === undefined || most.share === 0) return [];
  return [`mostly ${words[most.name] ?? most.name} (${Math.round(most.share * 100)}%)`];
}

function busyShare(now: StageReport, before: StageReport | undefined): number {
  const time = (stage: StageReport | undefined): number =>
    stage === undefined ? 0 : stage.busyMs + stage.starvedMs + stage.blockedMs + stage.waitingMs;
  const elapsed = time(now) - time(before);
  const share = elapsed <= 0 ? 0 : (now.busyMs - (before?.busyMs ?? 0)) / elapsed;
  return Math.min(1, Math.max(0, share));
}

function rate(items: number, ms: number): number {
  return ms <= 0 ? 0 : (items / ms) * 1000;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
