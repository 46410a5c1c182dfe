/** Common flags before the command's name: `headrace --json collection list` is `headrace collection list --json`. */
import type { Command } from "commander";
import { HeadraceError } from "../contracts/index.js";
import { withCommonOptions } from "./context.js";

/** Lets the program and its groups of commands take the common flags for the command that follows. */
export function takeOuterOptions(program: Command): void {
  program.enablePositionalOptions();
  for (const group of groupsOf(program)) withCommonOptions(group);
  program.hook("preAction", (_program, command) => handDown(command));
}

function groupsOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [] : [command, ...command.commands.flatMap(groupsOf)];
}

/** What stands nearer to the command wins; `--set` is added up, so that the later one wins. */
function handDown(command: Command): void {
  for (let outer = command.parent; outer !== null; outer = outer.parent) {
    for (const [name, value] of Object.entries(outer.opts())) {
      if (!command.options.some((option) => option.attributeName() === name)) throw notTaken(command, name);
      const nearer: unknown = command.getOptionValueSource(name) === "cli" ? command.getOptionValue(name) : undefined;
      if (nearer === undefined) command.setOptionValueWithSource(name, value, "cli");
      else if (Array.isArray(value) && Array.isArray(nearer)) command.setOptionValueWithSource(name, [...value, ...nearer], "cli");
    }
  }
}

function notTaken(command: Command, name: string): HeadraceError {
  return new HeadraceError("usage_invalid", `Expected an option of ${command.name()} but received --${name}.`, {
    hint: `Leave --${name} out.`,
  });
}
