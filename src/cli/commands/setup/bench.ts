/** `headrace bench`: measures the sequential against the overlapped schedule on the user's own images and parts. */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { compareSchedules, type ScheduleComparison, type ScheduleResult } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { terminalOf } from "../../calls/context.js";
import { type SampleOptions, withSample, withSampleOptions } from "../../calls/sample.js";
import { lanesPicture } from "../../pages/lanes-picture.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface BenchOptions extends SampleOptions {
  readonly rounds: number;
  readonly picture?: string;
}

export function benchCommand(program: Command, exit: (code: ExitCode) => void): void {
  withSampleOptions(program.command("bench"))
    .description("measure sync against async on your own images, in a collection that is removed afterwards")
    .option("--rounds <n>", "runs of each schedule, in turn; the medians count", positive, 3)
    .option("--picture <file.svg>", "draw what each stage did over time")
    .action(async (paths: string[], options: BenchOptions) => exit(await runBench(paths, options)));
}

async function runBench(paths: readonly string[], options: BenchOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const { runs, ...scenario } = await withSample(paths, options, ({ config, ...sample }) =>
    compareSchedules(config, {
      ...sample,
      rounds: options.rounds,
      onRun: ({ schedule, round }) => terminal.note(`${schedule}, run ${round} of ${options.rounds}`),
    }),
  );
  if (options.picture !== undefined) {
    const pictured = (schedule: "sync" | "async") => ({
      title: `${schedule}: ${scenario[schedule].imagesPerSecond} images/s`,
      moments: runs[schedule].moments,
    });
    await writeFile(options.picture, lanesPicture([pictured("sync"), pictured("async")]));
  }
  terminal.result({ rounds: options.rounds, scenarios: [scenario] }, benchText({ ...scenario, verdict: runs.async.stats.verdict }));
  return exitCodes.ok;
}

function benchText({ images, async, sync, ratio, verdict }: Omit<ScheduleComparison, "runs"> & { readonly verdict: string }): string {
  const row = (name: string, text: (result: ScheduleResult) => string) => [name, text(sync), text(async)];
  const rows = [
    ["", "sync", "async"],
    row("images/s", ({ imagesPerSecond }) => imagesPerSecond.toFixed(1)),
    row("GPU busy", ({ gpuBusy }) => (gpuBusy === null ? "unknown" : percent(gpuBusy))),
    row("CPU", ({ cpuShare }) => percent(cpuShare)),
    row("memory", ({ peakRssBytes }) => `${Math.round(peakRssBytes / 1e6)} MB`),
    ...async.stages.map(({ name }) =>
      row(`${name}, p50 / p99`, ({ stages }) => {
        const stage = stages.find((each) => each.name === name);
        return stage === undefined ? "" : `${stage.p50Ms} / ${stage.p99Ms} ms`;
      }),
    ),
  ];
  const width = (column: number): number => Math.max(...rows.map((cells) => cells[column]!.length));
  const lines = rows.map(
    ([name, ...cells]) => `${name!.padEnd(width(0))}  ${cells.map((cell, at) => cell.padStart(width(at + 1))).join("  ")}`,
  );
  return `${lines.join("\n")}\n\nasync ÷ sync: ${ratio.toFixed(2)} with ${images} images. ${verdict}\n`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
