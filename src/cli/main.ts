#!/usr/bin/env node
/** The command `headrace`. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { HeadraceError } from "../contracts/index.js";
import { collectionCommand } from "./commands/collection.js";
import { configCommand } from "./commands/config.js";
import { deleteCommand } from "./commands/delete.js";
import { embedCommand } from "./commands/embed.js";
import { healthCommand } from "./commands/health.js";
import { ingestCommand } from "./commands/ingest.js";
import { searchCommand } from "./commands/search.js";
import { type ExitCode, errorDocument, errorText, exitCodeOf, exitCodes } from "./exit.js";

/** Runs one command line and says how the process is to end. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const exit = (value: ExitCode): void => {
    code = value;
  };
  const program = new Command("headrace")
    .description("Images become searchable vectors: nothing lost, nothing twice.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for more)")
    .exitOverride();
  for (const add of [ingestCommand, searchCommand, embedCommand, collectionCommand, deleteCommand, healthCommand, configCommand])
    add(program, exit);
  inheritExit(program);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const error = HeadraceError.from(thrown);
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(errorDocument(error))}\n`);
    else process.stderr.write(errorText(error));
    return exitCodeOf(error);
  }
}

/** Commander's own exits become exceptions in every subcommand too. */
function inheritExit(command: Command): void {
  for (const inner of command.commands) {
    inner.exitOverride();
    inheritExit(inner);
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

process.exitCode = await main(process.argv);
