/** What the next word of a command line may be, as its commands declare it. */
import type { Argument, Command, Option } from "commander";

/** A word that may come next, and what it means. */
export interface Choice {
  readonly word: string;
  readonly description: string;
}

/** `names`: what the command calls the value, such as `collection`. */
export type Expected =
  | { readonly kind: "choices"; readonly choices: readonly Choice[] }
  | { readonly kind: "value"; readonly names: string };

/** `words`: the words before the next one, without the name of the program. */
export function expectedNext(program: Command, words: readonly string[], next: string): Expected {
  let command = program;
  let given = 0;
  let onlyArguments = false;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined && !(open.optional && word.startsWith("-"))) open = undefined;
    else if (onlyArguments) given += 1;
    else if (word === "--") onlyArguments = true;
    else if (word.startsWith("-")) open = word.includes("=") ? undefined : valueOption(command, word);
    else {
      const inner = subcommand(command, word);
      if (inner === undefined) given += 1;
      else command = inner;
    }
  }
  if (open !== undefined && !(open.optional && next.startsWith("-"))) return expectedOf(open, nameOf(open));
  if (next.startsWith("-") && !onlyArguments) return { kind: "choices", choices: optionsOf(command) };
  if (command.commands.length > 0) return { kind: "choices", choices: given === 0 ? subcommandsOf(command) : [] };
  const argument = command.registeredArguments[given] ?? variadic(command.registeredArguments.at(-1));
  if (argument === undefined) return { kind: "choices", choices: [] };
  return expectedOf(argument, isNew(command, argument) ? "new" : argument.name());
}

/** The option `--name` of `--name=value`, whose value is next. */
export function expectedValue(program: Command, words: readonly string[], flag: string): Expected {
  return expectedNext(program, [...words, flag], "");
}

function expectedOf(given: Option | Argument, names: string): Expected {
  if (given.argChoices === undefined) return { kind: "value", names };
  return { kind: "choices", choices: given.argChoices.map((word) => ({ word, description: "" })) };
}

/** `collection` of `--collection <name>`. Other options are named by what they take: `config` takes a `file`. */
function nameOf(option: Option): string {
  return option.long?.slice(2) ?? "";
}

function valueOption(command: Command, flag: string): Option | undefined {
  return command.options.find((option) => (option.short === flag || option.long === flag) && (option.required || option.optional));
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((inner) => inner.name() === word || inner.aliases().includes(word));
}

function variadic(argument: Argument | undefined): Argument | undefined {
  return argument?.variadic === true ? argument : undefined;
}

/** The name of a collection that does not exist yet. */
function isNew(command: Command, argument: Argument): boolean {
  return command.name() === "create" && argument.name() === "name";
}

function subcommandsOf(command: Command): readonly Choice[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((inner) => ({ word: inner.name(), description: inner.summary() || inner.description() }));
}

function optionsOf(command: Command): readonly Choice[] {
  const visible = command.createHelp().visibleOptions(command);
  return visible.map((option) => ({ word: option.long ?? option.flags, description: option.description }));
}
