/** `headrace restore`: lists the deleted rows of a collection, and brings them back. */
import { type Command, InvalidArgumentError } from "commander";
import type { DeletedFile, RestorePreview, RestoreRun } from "../../../app/index.js";
import { HeadraceError } from "../../../contracts/index.js";
import { positive } from "../../calls/arguments.js";
import { type CommonOptions, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { runMove } from "../../calls/moves.js";
import { type CollectionChoice, requiredCollection, withCollectionOption } from "../../calls/named-collection.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted, sizeText } from "../../terminal/printable-text.js";
import { rerunAdvice } from "../../terminal/resume-advice.js";
import type { Terminal } from "../../terminal/terminal.js";

interface RestoreOptions extends CommonOptions, CollectionChoice {
  readonly to?: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

export function restoreCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCollectionOption(withWriterOptions(program.command("restore")))
    .description(
      "list the deleted rows of a collection, or bring the rows of one file back; rows that the collection has are left as they are",
    )
    .argument("[collection]", "the collection that had the rows, or an alias of it; the collection itself may be deleted")
    .argument("[file]", "a file of the list, or latest (default: print the list)", nonEmpty)
    .option("--to <name>", "the collection that gets the rows; created if it does not exist (default: the same)")
    .option("--limit <n>", "only the first n rows", positive)
    .option("--dry-run", "compare, but write nothing")
    .action(async (first: string | undefined, second: string | undefined, options: RestoreOptions) => {
      // With --collection, one argument is the file, unless it is the collection again.
      const isFile = options.collection !== undefined && second === undefined && first !== options.collection;
      const [argument, file] = isFile ? [undefined, first] : [first, second];
      exit(await runRestore(requiredCollection(argument, options), file, options));
    });
}

function runRestore(collectionName: string, file: string | undefined, options: RestoreOptions): Promise<ExitCode> {
  const { to, limit, dryRun } = options;
  if (file === undefined && (to !== undefined || limit !== undefined || dryRun === true)) {
    throw new HeadraceError("usage_invalid", `restore ${collectionName}: expected a file with these options, found none`, {
      hint: `For example: headrace restore ${collectionName} latest --dry-run`,
    });
  }
  const terminal = terminalOf(options);
  return withPipeline(options, async (pipeline) => {
    if (file === undefined) return showFiles(terminal, collectionName, await pipeline.deletedFiles(collectionName));
    const request = { collectionName, file, ...(to === undefined ? {} : { to }), ...(limit === undefined ? {} : { limit }) };
    if (dryRun === true) return showPreview(terminal, await pipeline.restore(request).preview());
    return runMove(
      terminal,
      (hooks) => pipeline.restore({ ...request, ...hooks }).start(),
      (run: RestoreRun, { stored, skipped }) => ({
        from: run.file,
        to: run.to,
        more: {
          document: { restored: stored, skipped },
          lines:
            skipped === 0 ? [] : [`${counted(skipped, "row")} of the file ${skipped === 1 ? "is" : "are"} there already, and left alone.`],
        },
      }),
      rerunAdvice,
    );
  });
}

function showFiles(terminal: Terminal, collection: string, files: readonly DeletedFile[]): ExitCode {
  const shown = files.map(({ file, rows, deletedAt, command, bytes, path }) => ({ file, rows, deletedAt, command, bytes, path }));
  const lines = files.map(
    ({ file, rows, bytes, deletedAt, command }) =>
      `  ${file}  ${(rows === null ? "damaged" : counted(rows, "row")).padStart(14)}  ${sizeText(bytes).padStart(7)}  ${deletedAt ?? "unknown time"}  ${command ?? "unknown"}\n`,
  );
  const head = `Deleted rows of ${collection}, the newest first. To bring them back: headrace restore ${collection} FILE\n`;
  terminal.result({ files: shown }, files.length === 0 ? `No deleted rows of ${collection} are kept.\n` : `${head}${lines.join("")}`);
  return exitCodes.ok;
}

function showPreview(terminal: Terminal, { restored: wouldRestore, skipped, file, to, creates }: RestorePreview): ExitCode {
  const created = creates ? `; ${to} would be created` : "";
  terminal.result(
    { dryRun: true, file, to, restored: 0, wouldRestore, skipped, creates },
    `${counted(wouldRestore, "row")} would come back into ${to}, ${skipped} are there already${created}. Nothing was written.\n`,
  );
  return exitCodes.ok;
}

function nonEmpty(file: string): string {
  if (file === "") throw new InvalidArgumentError("It must be the name of a file, or latest.");
  return file;
}
