/** The flags and inputs of commands that measure a sample of the user's images. */
import type { Command } from "commander";
import { type InputStream, listInputs, type ServiceConfig } from "../../app/index.js";
import { watchInterrupts } from "../terminal/interrupts.js";
import { positive } from "./arguments.js";
import { type CommonOptions, configOf, terminalOf, withCommonOptions } from "./context.js";

export interface SampleOptions extends CommonOptions {
  readonly sample: number;
}

/** A measurement of less than three seconds does not show what limits the speed. */
const defaultSample = 500;

export function withSampleOptions(command: Command): Command {
  return withCommonOptions(command)
    .argument("<inputs...>", "files, folders, globs; the sample is taken from their beginning")
    .option("--sample <n>", "measure with the first n images", positive, defaultSample);
}

export interface Sample {
  readonly config: ServiceConfig;
  readonly inputs: InputStream;
  /** Fires at the first Ctrl-C: a measurement that is cut off is worth nothing. */
  readonly signal: AbortSignal;
}

export async function withSample<T>(paths: readonly string[], options: SampleOptions, use: (sample: Sample) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const interrupts = watchInterrupts(terminalOf(options), () => stop.abort());
  try {
    const config = await configOf(options);
    return await use({ config, inputs: listInputs({ paths, limit: options.sample, s3: config.settings().s3 }), signal: stop.signal });
  } finally {
    interrupts.dispose();
  }
}
