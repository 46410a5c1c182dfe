/** The progress of a run as one line for people: counts, speed over a sliding window, time left, what the stages do. */
import type { RunSnapshot, StageReport } from "../contracts/index.js";

interface Sample {
  readonly atMs: number;
  readonly settled: number;
  readonly stages: readonly StageReport[];
}

/** Speed and busy shares are those of the last ten seconds. */
const windowMs = 10_000;

/** Turns snapshots into lines; keeps the samples of one window. */
export class ProgressLine {
  readonly #samples: Sample[] = [{ atMs: 0, settled: 0, stages: [] }];

  /** `unit`: what is counted, in the plural. */
  constructor(readonly unit = "images") {}

  /** `total` is null until it is known. */
  render(snapshot: RunSnapshot, total: number | null): string {
    const { stored, skipped, failed, elapsedMs, stages } = snapshot;
    const settled = stored + skipped + failed;
    this.#samples.push({ atMs: elapsedMs, settled, stages });
    while (this.#samples.length > 2 && elapsedMs - (this.#samples[1]?.atMs ?? 0) > windowMs) this.#samples.shift();
    const first = this.#samples[0] as Sample;
    const perSecond = rate(settled - first.settled, elapsedMs - first.atMs);
    const parts = [
      total === null ? format(settled) : `${format(settled)}/${format(total)}`,
      ...(skipped > 0 ? [`${format(skipped)} skipped`] : []),
      ...(failed > 0 ? [`${format(failed)} failed`] : []),
      `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)} ${this.unit}/s`,
      ...(total === null || perSecond === 0 ? [] : [`${duration(((total - settled) / perSecond) * 1000)} left`]),
      `busy: ${stages.map((stage, index) => busyShare(stage, first.stages[index])).join(" ")}`,
    ];
    return parts.join(" · ");
  }
}

/** `75_000` → "1:15". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function busyShare(now: StageReport, before: StageReport | undefined): string {
  const time = (stage: StageReport | undefined): number =>
    stage === undefined ? 0 : stage.busyMs + stage.starvedMs + stage.blockedMs + stage.waitingMs;
  const elapsed = time(now) - time(before);
  const share = elapsed <= 0 ? 0 : (now.busyMs - (before?.busyMs ?? 0)) / elapsed;
  return `${now.name} ${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;
}

function rate(items: number, ms: number): number {
  return ms <= 0 ? 0 : (items / ms) * 1000;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
