/** Figures and names of runs as people read them. */
import type { Words } from "../language/en.js";
import { nameOfSource } from "../parts/names.js";
import type { Job } from "../service/job-types.js";

export function sourceTitle({ sources, given, kind }: Pick<Job, "sources" | "given" | "kind">, words: Words): string {
  if (kind === "retry") return words.pipeline.retryOf;
  if (kind === "export") return words.pipeline.snapshot;
  if (kind === "import") return words.pipeline.fromSnapshot;
  const [first] = sources;
  if (first === undefined) return words.pipeline.uploads(given);
  return sources.length === 1 ? nameOfSource(first) : words.pipeline.moreSources(nameOfSource(first), sources.length - 1);
}

/** How the state of a run looks. A run that could not store all of its photos does not look like one that could. */
export function lookOf({ state, counts: { failed, stored, skipped } }: Pick<Job, "state" | "counts">): string {
  if (state !== "completed" || failed === 0) return state;
  return stored + skipped === 0 ? "failed" : "partial";
}

export function stateText({ state, counts: { failed } }: Pick<Job, "state" | "counts">, words: Words): string {
  return state === "completed" && failed > 0
    ? words.pipeline.completedWith(failed.toLocaleString(words.locale))
    : words.pipeline.states[state];
}

const steps = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

export function ago(time: string, locale: string): string {
  const seconds = (Date.now() - Date.parse(time)) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  for (const [unit, length] of steps) if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  return format.format(0, "minute");
}

/** Such as `1:05` or `2:00:00`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function mebibytes(bytes: number): string {
  const size = bytes / 1024 / 1024;
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} MB`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const speedText = (perSecond: number): string => (perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond)));
