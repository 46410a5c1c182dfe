/** `headrace count`: counts the rows of a collection, or the rows that match a filter. */
import type { Command } from "commander";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { noteFindings } from "../../calls/filter-notes.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

interface CountOptions extends CommonOptions {
  readonly collection?: string;
  readonly filter?: string;
}

export function countCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("count"))
    .description("count the rows of a collection, or the rows that match a filter")
    .addOption(collectionOption())
    .option("--filter <expression>", 'count only matching rows, for example: year >= 2020 and startsWith(source, "/photos/")')
    .action(async (options: CountOptions) => exit(await runCount(options)));
}

function runCount(options: CountOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const collection = options.collection ?? pipeline.defaultCollection;
    const terminal = terminalOf(options);
    const count = await pipeline.count(collection, options.filter);
    if (count === 0 && options.filter !== undefined) await noteFindings(terminal, pipeline, collection, options.filter);
    terminal.result({ collection, count }, `${count}\n`);
    return exitCodes.ok;
  });
}
