/** `headrace tune`: finds the fastest settings for the user's images and machine. */
import type { Command } from "commander";
import { type TuneStep, type Tuning, tune } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { terminalOf } from "../../calls/context.js";
import { type SampleOptions, withSample, withSampleOptions } from "../../calls/sample.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface TuneOptions extends SampleOptions {
  readonly maxRuns: number;
  readonly maxMemory?: number;
}

export function tuneCommand(program: Command, exit: (code: ExitCode) => void): void {
  withSampleOptions(program.command("tune"))
    .description("find the fastest settings for your images and machine, in collections that are removed afterwards")
    .option("--max-runs <n>", "runs over the sample at most", positive, 24)
    .option("--max-memory <MB>", "choose no settings that need more memory", positive)
    .action(async (paths: string[], options: TuneOptions) => exit(await runTune(paths, options)));
}

async function runTune(paths: readonly string[], options: TuneOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  const tuning = await withSample(paths, options, ({ config, ...sample }) =>
    tune(config, {
      ...sample,
      maxMemoryBytes: options.maxMemory === undefined ? null : options.maxMemory * 1e6,
      maxMeasurements: options.maxRuns,
      onMeasured: (step) => terminal.note(stepText(step)),
    }),
  );
  terminal.result(tuning, tuningText(tuning));
  return exitCodes.ok;
}

function tuningText({ best, tried, yaml, server }: Tuning): string {
  const [configured] = tried;
  const gain = configured === undefined ? 0 : best.imagesPerSecond / configured.imagesPerSecond - 1;
  return [
    ...tried.toSorted((a, b) => b.imagesPerSecond - a.imagesPerSecond).map(stepText),
    "",
    yaml === ""
      ? "The configuration is the fastest already."
      : `Change these settings for ${best.imagesPerSecond} images/s (+${Math.round(gain * 100)} %):\n\n${yaml.trimEnd()}`,
    ...server.map((hint) => `On the server: ${hint}`),
    "",
  ].join("\n");
}

function stepText({ settings, imagesPerSecond, peakRssBytes, limit }: TuneStep): string {
  const values = Object.entries(settings).map(([setting, value]) => `${setting.split(".").at(-1)} ${value}`);
  const speed = imagesPerSecond === 0 ? "too large" : `${imagesPerSecond.toFixed(1)} images/s`;
  return `${speed.padStart(16)}  ${`${Math.round(peakRssBytes / 1e6)} MB`.padStart(8)}  ${values.join(", ")}${limit === null ? "" : ` (limit: ${limit})`}`;
}
