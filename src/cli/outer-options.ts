/** Accepts common flags before the name of the command: `headrace --json collection list` means `headrace collection list --json`. */
import type { Command } from "commander";
import { HeadraceError } from "../contracts/index.js";
import { withCommonOptions } from "./calls/context.js";

/** Lets the program and its command groups accept the common flags, and passes them to the command that follows. */
export function acceptOuterOptions(program: Command): void {
  program.enablePositionalOptions();
  for (const group of groupsOf(program)) withCommonOptions(group);
  program.hook("preAction", (_program, command) => inheritOptions(command));
}

function groupsOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [] : [command, ...command.commands.flatMap(groupsOf)];
}

/**
 * If a flag is given more than once, the one nearest to the command takes precedence. `--set` flags are joined; if several set the same
 * setting, the last one takes precedence.
 */
function inheritOptions(command: Command): void {
  for (let outer = command.parent; outer !== null; outer = outer.parent) {
    for (const [name, value] of Object.entries(outer.opts())) {
      if (!command.options.some((option) => option.attributeName() === name)) throw unknownOption(command, name);
      const nearer: unknown = command.getOptionValueSource(name) === "cli" ? command.getOptionValue(name) : undefined;
      if (nearer === undefined) command.setOptionValueWithSource(name, value, "cli");
      else if (Array.isArray(value) && Array.isArray(nearer)) command.setOptionValueWithSource(name, [...value, ...nearer], "cli");
    }
  }
}

function unknownOption(command: Command, name: string): HeadraceError {
  return new HeadraceError("usage_invalid", `${command.name()}: expected one of its options, found --${name}`, {
    hint: `Remove --${name}.`,
  });
}
