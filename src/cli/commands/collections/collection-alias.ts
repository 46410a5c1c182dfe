/** `headrace collection alias` and its subcommands set, drop and list. */
import type { Command } from "commander";
import { type CommonOptions, terminalOf, withCommonOptions, withPipeline } from "../../calls/context.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

export function aliasCommands(collections: Command, exit: (code: ExitCode) => void): void {
  const group = collections.command("alias").description("give collections second names, which every command takes");
  withCommonOptions(group.command("set"))
    .description("make an alias name a collection, in one step; runs in progress stay with the collection of before")
    .argument("<alias>")
    .argument("<collection>")
    .action(async (alias: string, collection: string, options: CommonOptions) => exit(await set(alias, collection, options)));
  withCommonOptions(group.command("drop"))
    .description("remove an alias; its collection stays")
    .argument("<alias>")
    .action(async (alias: string, options: CommonOptions) => exit(await drop(alias, options)));
  withCommonOptions(group.command("list"))
    .description("list all aliases with their collections")
    .action(async (options: CommonOptions) => exit(await list(options)));
}

function set(alias: string, collection: string, options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    await pipeline.aliases.set(alias, collection);
    terminalOf(options).result({ alias, collection }, `${alias} now names ${collection}.\n`);
    return exitCodes.ok;
  });
}

function drop(alias: string, options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    await pipeline.aliases.drop(alias);
    terminalOf(options).result({ dropped: alias }, `Dropped the alias ${alias}. Its collection is still there.\n`);
    return exitCodes.ok;
  });
}

function list(options: CommonOptions): Promise<ExitCode> {
  return withPipeline(options, async (pipeline) => {
    const aliases = await pipeline.aliases.list();
    const text = aliases.map(({ alias, collection }) => `${alias} -> ${collection}\n`).join("");
    terminalOf(options).result({ aliases }, text === "" ? "No aliases.\n" : text);
    return exitCodes.ok;
  });
}
