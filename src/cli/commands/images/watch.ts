/** `headrace watch`: keeps a collection up to date with a folder, until it is stopped. */
import type { Command } from "commander";
import {
  type InputStream,
  type InsertStats,
  type ReportedFailure,
  reportedFailure,
  WatchPatience,
  watchedInputs,
} from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { counted, shownSource } from "../../terminal/printable-text.js";

interface WatchOptions extends CommonOptions {
  readonly collection?: string;
  readonly rescan: number;
}

/** What a watch has done so far. */
interface Totals {
  readonly runs: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
}

const defaultRescanMinutes = 10;

export function watchCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("watch"))
    .description("store the images of a folder, and then every new and changed image, until Ctrl-C")
    .argument("<folder>", "the folder, with all that is below it")
    .addOption(collectionOption())
    .option("--rescan <minutes>", "list the whole folder again after this time", positive, defaultRescanMinutes)
    .action(async (folder: string, options: WatchOptions) => exit(await runWatch(folder, options)));
}

function runWatch(folder: string, options: WatchOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const collection = options.collection ?? pipeline.defaultCollection;
    const soft = new AbortController();
    let drain = (): void => {};
    const interrupts = watchInterrupts(terminal, () => {
      soft.abort();
      drain();
    });
    const ingest = async (inputs: InputStream): Promise<InsertStats> => {
      const failures: ReportedFailure[] = [];
      const run = await pipeline.ingest({
        inputs,
        collectionName: collection,
        schedule: "overlapped",
        signal: interrupts.hard,
        onOutcome: (outcome) => {
          if (outcome.kind === "failed" && failures.length < maxFailuresShown) failures.push(reportedFailure(outcome));
        },
      });
      drain = () => run.drain();
      if (soft.signal.aborted) run.drain();
      const report = await run.done;
      for (const { source, code, message } of failures) terminal.note(`[${code}] ${shownSource(source)}: ${message}`);
      if (report.error !== undefined && !interrupts.wasInterrupted()) throw report.error;
      return report;
    };
    const patience = new WatchPatience({ ingest, folder, signal: soft.signal, note: (line) => terminal.note(line) });
    let totals: Totals = { runs: 0, stored: 0, skipped: 0, failed: 0 };
    try {
      const onNotice = (message: string) => terminal.note(message);
      for await (const inputs of watchedInputs(folder, { rescanMs: options.rescan * 60_000, signal: soft.signal, onNotice })) {
        const { stored, skipped, failed } = await patience.ingest(inputs);
        totals = {
          runs: totals.runs + 1,
          stored: totals.stored + stored,
          skipped: totals.skipped + skipped,
          failed: totals.failed + failed,
        };
        const isFirst = totals.runs === 1;
        if (isFirst || stored + failed > 0) terminal.note(`${counted(stored, "image")} stored, ${failed} failed. Watching ${folder}.`);
      }
    } finally {
      interrupts.dispose();
    }
    terminal.result(
      { collection, ...totals },
      `${counted(totals.stored, "image")} stored, ${totals.failed} failed, in ${counted(totals.runs, "run")}\n`,
    );
    return totals.failed > 0 ? exitCodes.someFailed : exitCodes.ok;
  });
}

/** Maximum number of failures that are printed per run. The dead-letter file contains all failures. */
const maxFailuresShown = 20;
