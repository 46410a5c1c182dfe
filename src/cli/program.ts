/** The commands of `headrace`, with their flags and help. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { collectionCommand } from "./commands/collection.js";
import { configCommand } from "./commands/config.js";
import { deleteCommand } from "./commands/delete.js";
import { embedCommand } from "./commands/embed.js";
import { healthCommand } from "./commands/health.js";
import { ingestCommand } from "./commands/ingest.js";
import { initCommand } from "./commands/init.js";
import { searchCommand } from "./commands/search.js";
import type { ExitCode } from "./exit.js";

const commands = [ingestCommand, searchCommand, embedCommand, collectionCommand, deleteCommand, healthCommand, configCommand, initCommand];

/** `exit` is told how a command ended. */
export function buildProgram(exit: (code: ExitCode) => void): Command {
  const program = new Command("headrace")
    .description("Images become searchable vectors: nothing lost, nothing twice.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for more)")
    .exitOverride();
  for (const add of commands) add(program, exit);
  inheritExit(program);
  return program;
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
