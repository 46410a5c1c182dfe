/** `headrace plan`: predicts time, memory and disk of a run from a short sample. */
import type { Command } from "commander";
import { planRun, type RunPlan } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { terminalOf } from "../../calls/context.js";
import { type SampleOptions, withSample, withSampleOptions } from "../../calls/sample.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted, sizeText } from "../../terminal/printable-text.js";
import { duration } from "../../terminal/progress-line.js";

interface PlanOptions extends SampleOptions {
  readonly images: number;
}

export function planCommand(program: Command, exit: (code: ExitCode) => void): void {
  withSampleOptions(program.command("plan"))
    .description("predict time, memory and disk of a large run from a sample, in a collection that is removed afterwards")
    .requiredOption("--images <n>", "number of images of the run to plan", positive)
    .action(async (paths: string[], options: PlanOptions) => exit(await runPlan(paths, options)));
}

async function runPlan(paths: readonly string[], options: PlanOptions): Promise<ExitCode> {
  const plan = await withSample(paths, options, ({ config, ...sample }) => planRun(config, { ...sample, images: options.images }));
  terminalOf(options).result(plan, planText(plan));
  return exitCodes.ok;
}

function planText({ images, seconds, diskBytes, memoryBytes, sampled, imagesPerSecond, verdict }: RunPlan): string {
  return [
    `${counted(images, "image")} at ${imagesPerSecond} images/s take ${duration(seconds * 1000)}, as measured with ${counted(sampled, "image")}.`,
    `Disk: ${sizeText(diskBytes)} for the rows, without vector indexes. Memory: ${sizeText(memoryBytes)}.`,
    verdict,
    "",
  ].join("\n");
}
