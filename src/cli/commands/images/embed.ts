/** `headrace embed`: embeds images and writes the vectors to a NumPy file. */
import type { Command } from "commander";
import { createVectorFile, listInputs, type ReportedFailure, reportedFailure } from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { watchInterrupts } from "../../terminal/interrupts.js";
import { counted, shownSource } from "../../terminal/printable-text.js";

interface EmbedOptions extends CommonOptions {
  readonly output: string;
  readonly limit?: number;
}

export function embedCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("embed"))
    .description("embed images and write the vectors to a .npy file, without storing rows")
    .argument("<inputs...>", "files, folders, globs")
    .requiredOption("--output <file.npy>", "file for the vectors (float32); ids and sources go to <file.npy>.jsonl, in the same order")
    .option("--limit <n>", "only the first n images", positive)
    .action(async (paths: string[], options: EmbedOptions) => exit(await runEmbed(paths, options)));
}

function runEmbed(paths: readonly string[], options: EmbedOptions): Promise<ExitCode> {
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    const dimension = await pipeline.dimension();
    const file = await createVectorFile(options.output, dimension);
    const failures: ReportedFailure[] = [];
    let drain = (): void => {};
    const interrupts = watchInterrupts(terminal, () => drain());
    try {
      const run = await pipeline.embedStream({
        inputs: listInputs({ ...pipeline.listingSettings, paths, ...(options.limit === undefined ? {} : { limit: options.limit }) }),
        write: (row) => file.write(row),
        signal: interrupts.hard,
        onOutcome: (outcome) => {
          if (outcome.kind === "failed") failures.push(reportedFailure(outcome));
        },
      });
      drain = () => run.drain();
      const report = await run.done;
      if (report.error !== undefined) throw report.error;
      if (report.ended === "aborted")
        throw new HeadraceError("aborted", `the embedding was stopped after ${file.rows} images; nothing was written`);
      await file.finish();
    } finally {
      interrupts.dispose();
      await file.discard();
    }
    for (const { source, code, message } of failures.slice(0, 20)) terminal.note(`[${code}] ${shownSource(source)}: ${message}`);
    terminal.result(
      { count: file.rows, dimension, output: options.output, failed: failures.length },
      `${counted(file.rows, "vector")} of ${dimension} numbers in ${options.output}${failures.length > 0 ? `, ${counted(failures.length, "image")} failed` : ""}\n`,
    );
    if (interrupts.wasInterrupted()) return exitCodes.interrupted;
    return failures.length > 0 ? exitCodes.someFailed : exitCodes.ok;
  });
}
