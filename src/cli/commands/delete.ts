/** `headrace delete`: rows by ids or by filter. */
import type { Command } from "commander";
import { HeadraceError } from "../../contracts/index.js";
import { type CommonOptions, collectionOption, terminalOf, withCommonOptions, withPipeline } from "../context.js";
import { type ExitCode, exitCodes } from "../exit.js";
import { confirmed } from "./collection.js";

interface DeleteOptions extends CommonOptions {
  readonly collection?: string;
  readonly filter?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export function deleteCommand(program: Command, exit: (code: ExitCode) => void): void {
  withCommonOptions(program.command("delete"))
    .description("delete rows by their ids, or all that a filter finds")
    .argument("[ids...]")
    .addOption(collectionOption())
    .option("--filter <expression>", 'for example: startsWith(source, "file:///old/")')
    .option("--dry-run", "count, delete nothing")
    .option("--yes", "do it")
    .action(async (ids: string[], options: DeleteOptions) => exit(await runDelete(ids, options)));
}

function runDelete(ids: readonly string[], options: DeleteOptions): Promise<ExitCode> {
  const { filter } = options;
  if ((ids.length === 0) === (filter === undefined)) {
    throw new HeadraceError("usage_invalid", "Expected either ids or --filter.", {
      hint: "For example: headrace delete --filter 'year < 2000' --yes",
    });
  }
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    const collection = options.collection ?? pipeline.defaultCollection;
    const found = filter === undefined ? await pipeline.countIds(collection, ids) : await pipeline.count(collection, filter);
    if (options.dryRun === true) {
      terminal.result({ deleted: 0, wouldDelete: found }, `${found} rows would be deleted from ${collection}.\n`);
      return exitCodes.ok;
    }
    confirmed(options, `delete ${found} rows from ${collection}`);
    const deleted = filter === undefined ? await pipeline.deleteByIds(collection, ids) : await pipeline.deleteByFilter(collection, filter);
    terminal.result({ deleted }, `${deleted} rows deleted from ${collection}.\n`);
    return exitCodes.ok;
  });
}
