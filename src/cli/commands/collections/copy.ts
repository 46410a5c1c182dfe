/** `headrace copy`: copies a collection to another store, or to another name in the same store. */
import type { Command } from "commander";
import { addressForms, parseAddress } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runMove, showMovePreview } from "../../calls/moves.js";
import type { ExitCode } from "../../terminal/exit.js";
import { rerunAdvice } from "../../terminal/resume-advice.js";

interface CopyOptions extends CommonOptions {
  readonly from: string;
  readonly to: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

export function copyCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("copy"))
    .description(
      "copy a collection and its passport to another store or name, without embedding; rows that the target has unchanged are skipped, others are replaced",
    )
    .requiredOption("--from <store:name>", `one of ${addressForms}; NAME alone is in the configured store`)
    .requiredOption("--to <store:name>", "the same forms; created if it does not exist")
    .option("--limit <n>", "only the first n rows", positive)
    .option("--dry-run", "compare, but write nothing")
    .action(async (options: CopyOptions) => exit(await runCopy(options)));
}

function runCopy(options: CopyOptions): Promise<ExitCode> {
  const { from, to, limit } = options;
  const request = { from: parseAddress(from), to: parseAddress(to), ...(limit === undefined ? {} : { limit }) };
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    if (options.dryRun === true) return showMovePreview(terminal, { from, to }, await pipeline.previewCopy(request));
    return runMove(
      terminal,
      (hooks) => pipeline.copyCollection({ ...request, ...hooks }),
      () => ({ from, to }),
      rerunAdvice,
    );
  });
}
