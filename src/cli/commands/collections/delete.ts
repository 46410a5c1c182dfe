/** `headrace delete`: deletes rows by id or by filter. */
import type { Command } from "commander";
import { keysOf } from "../../../app/index.js";
import { HeadraceError, type Key } from "../../../contracts/index.js";
import { type CommonOptions, collectionOption, noKeepOption, terminalOf, withPipeline, withWriterOptions } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";
import { counted } from "../../terminal/printable-text.js";
import { requireYes } from "./collection.js";

interface DeleteOptions extends CommonOptions {
  readonly collection?: string;
  readonly filter?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const maxIdsShown = 5;

export function deleteCommand(program: Command, exit: (code: ExitCode) => void): void {
  withWriterOptions(program.command("delete"))
    .description("delete rows by id, or all rows that match a filter")
    .argument("[ids...]")
    .addOption(collectionOption())
    .option("--filter <expression>", 'delete all matching rows, for example: startsWith(source, "/old/")')
    .option("--dry-run", "count, but delete nothing")
    .addOption(noKeepOption())
    .option("--yes", "confirm")
    .action(async (ids: string[], options: DeleteOptions) => exit(await runDelete(ids, options)));
}

function runDelete(ids: readonly string[], options: DeleteOptions): Promise<ExitCode> {
  const { filter } = options;
  if ((ids.length === 0) === (filter === undefined)) {
    throw new HeadraceError(
      "usage_invalid",
      `delete: expected either ids or --filter, found ${filter === undefined ? "neither" : "both"}`,
      {
        hint: "For example: headrace delete --filter 'year < 2000' --yes",
      },
    );
  }
  return withPipeline(options, async (pipeline) => {
    const terminal = terminalOf(options);
    const collection = options.collection ?? pipeline.defaultCollection;
    const keys = filter === undefined ? await keysOf(pipeline, collection, ids) : [];
    const unknown = filter === undefined ? await pipeline.unknownIds(collection, keys) : [];
    const found = filter === undefined ? await pipeline.countIds(collection, keys) : await pipeline.count(collection, filter);
    const missing = filter === undefined ? { unknown: unknown.map(String) } : {};
    if (options.dryRun === true) {
      const text = `${counted(found, "row")} would be deleted from ${collection}.\n${unknownText(unknown)}`;
      terminal.result({ deleted: 0, wouldDelete: found, ...missing }, text);
      return exitCodes.ok;
    }
    requireYes(options, `delete ${counted(found, "row")} from ${collection}`);
    const deleted = filter === undefined ? await pipeline.deleteByIds(collection, keys) : await pipeline.deleteByFilter(collection, filter);
    terminal.result({ deleted, ...missing }, `${counted(deleted, "row")} deleted from ${collection}.\n${unknownText(unknown)}`);
    return exitCodes.ok;
  });
}

/** Lists a few of the ids that the collection does not contain. */
function unknownText(unknown: readonly Key[]): string {
  if (unknown.length === 0) return "";
  const more = unknown.length > maxIdsShown ? ` and ${unknown.length - maxIdsShown} more` : "";
  return `Not stored: ${unknown.slice(0, maxIdsShown).join(", ")}${more}. \`headrace search --json\` shows ids.\n`;
}
