/** `headrace verify`: compares a source with a collection, and checks the stored rows. */
import type { Command } from "commander";
import { type Difference, ListingTally, type Verification } from "../../../app/index.js";
import { type CommonOptions, collectionOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { sourceOf } from "../../calls/named-sources.js";
import { verifyText } from "../../reports/sync-summary.js";
import { type ExitCode, exitCodeOfRun, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { noteEvent } from "../../terminal/run-progress.js";
import { UpkeepLine } from "../../terminal/upkeep-line.js";

interface VerifyOptions extends CommonOptions {
  readonly collection?: string;
  readonly manifest?: string;
  readonly base?: string;
  readonly as?: string;
  readonly repair?: boolean;
}

/** Maximum number of differences in the JSON document. */
const maxListed = 1_000;
const maxExamples = 10;

export function verifyCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("verify"))
    .description("compare a source with a collection: missing, changed and extra images, and damaged rows; reads no images")
    .argument("[sources...]", "folders and globs")
    .addOption(collectionOption())
    .option("--manifest <file>", 'JSON lines: {"input": path, "id"?, "metadata"?}')
    .option("--base <folder>", "with --as: name files by their path below this folder")
    .option("--as <name>", "with --base: the name that replaces the folder; with --manifest: the name of a list from a pipe")
    .option("--repair", "store missing and changed images again, and replace damaged rows")
    .action(async (paths: string[], options: VerifyOptions) => exit(await runVerify(paths, options)));
}

function runVerify(paths: readonly string[], options: VerifyOptions): Promise<ExitCode> {
  const source = sourceOf("verify", paths, options, new ListingTally());
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    const collection = options.collection ?? pipeline.defaultCollection;
    const differences: Difference[] = [];
    const stopped = new AbortController();
    const interrupts = watchInterrupts(terminal, () => stopped.abort(), "upkeep");
    try {
      const found = await pipeline.verify({
        source,
        collectionName: collection,
        purpose: options.repair === true ? "repair" : "report",
        signal: AbortSignal.any([stopped.signal, interrupts.hard]),
        observer: (event) => noteEvent(terminal, event, new UpkeepLine()),
        onDifference: (difference) => {
          if (differences.length < maxListed) differences.push(difference);
        },
      });
      const { repair, ...document } = found;
      terminal.result({ collection, ...document, differences }, verifyText(found, differences.slice(0, maxExamples), collection));
      return exitCodeOf(found, options, interrupts.wasInterrupted());
    } finally {
      interrupts.dispose();
    }
  });
}

/** Differences that remain give the exit code of a run with failed items. */
function exitCodeOf({ missing, changed, extra, damaged, repair }: Verification, options: VerifyOptions, wasInterrupted: boolean): ExitCode {
  if (repair !== null && exitCodeOfRun(repair, wasInterrupted) !== exitCodes.ok) return exitCodeOfRun(repair, wasInterrupted);
  const remaining = options.repair === true ? extra : missing + changed + extra + damaged;
  return remaining > 0 ? exitCodes.someFailed : exitCodes.ok;
}
