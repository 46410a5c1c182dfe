/** Searches of a million rows in LanceDB, and calls that store one image each in them. */
import { launcherVariables } from "../src/cli/process/launcher-variables.js";
import { atLeast, atMost, type BenchSection, median, plain } from "./harness.js";
import type { MillionCalls } from "./million-calls-run.js";
import { measureScriptUnder } from "./processes.js";

const rows = Number(process.env.HEADRACE_BENCH_ROWS ?? 1_000_000);
const [dimension, calls] = [512, 1_000];

export async function millionCalls(): Promise<BenchSection> {
  // What the launcher gives the command.
  Object.assign(process.env, { ...launcherVariables(), ...process.env });
  const run = await measureScriptUnder<MillionCalls>([], "million-calls-run", String(rows), String(dimension), String(calls));
  return {
    name: "million-calls",
    title: `Searches of ${rows} × ${dimension} in LanceDB, and ${calls} calls of one image each`,
    command: "npm run bench -- million-calls",
    figures: [
      plain("building all indexes, s; the vector index", `${(run.buildMs / 1000).toFixed(1)}, ${run.index}`),
      atLeast("recall@10, clustered", run.recall, 0.99, 4),
      atMost("search, median, ms", median(run.searches), 8, 1),
      atMost("search, 99 of 100, ms", at99(run.searches), 20, 1),
      atLeast("recall@10 with a filter that keeps 1 %", run.filteredRecall, 0.99, 4),
      plain("search with this filter ÷ without, medians", (median(run.filtered) / median(run.searches)).toFixed(2)),
      atMost("the same with an index on the filter's key", median(run.filteredWithIndex) / median(run.searches), 3, 2),
      atMost("a call of one image, median, ms", median(run.calls), 100, 1),
      atMost("a call of one image, 99 of 100, ms", at99(run.calls), 500, 1),
      plain("the longest call, ms", Math.max(...run.calls).toFixed(0)),
      atMost("search after the calls ÷ before, medians", median(run.searchesAfter) / median(run.searches), 1.3, 2),
      plain("files before and after the calls", `${run.files.before}, ${run.files.after}`),
      plain("peak memory of the process, MB", (run.peakBytes / 1e6).toFixed(0)),
    ],
  };
}

function at99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}
