/** `headrace import`: copies an exported file into a collection. */
import type { Command } from "commander";
import { addressForms, parseAddress } from "../../../app/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runMove, showMovePreview } from "../../calls/moves.js";
import { type CollectionChoice, requiredCollection, withCollectionOption } from "../../calls/named-collection.js";
import type { ExitCode } from "../../terminal/exit.js";
import { rerunAdvice } from "../../terminal/resume-advice.js";

interface ImportOptions extends CommonOptions, CollectionChoice {
  readonly limit?: number;
  readonly dryRun?: boolean;
}

export function importCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withWriterOptions(program.command("import")))
    .description(
      "copy the rows and the passport of an exported file into a collection; rows that the collection has unchanged are skipped, others are replaced",
    )
    .argument("<file>", "a .parquet or .npy file")
    .argument("[name]", `collection: one of ${addressForms}; created if it does not exist`)
    .option("--limit <n>", "only the first n rows", positive)
    .option("--dry-run", "compare, but write nothing")
    .action(async (file: string, name: string | undefined, options: ImportOptions) =>
      exit(await runImport(file, requiredCollection(name, options), options)),
    );
}

function runImport(file: string, name: string, options: ImportOptions): Promise<ExitCode> {
  const { limit } = options;
  const request = { file, to: parseAddress(name), ...(limit === undefined ? {} : { limit }) };
  const ends = { from: file, to: name };
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    if (options.dryRun === true) return showMovePreview(terminal, ends, await pipeline.previewImport(request));
    return runMove(
      terminal,
      (hooks) => pipeline.importCollection({ ...request, ...hooks }),
      () => ends,
      rerunAdvice,
    );
  });
}
