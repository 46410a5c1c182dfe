/** The collection of commands that take it as an argument. They also take `--collection`, as `ingest` and `sync` do. */
import { type Command, Option } from "commander";
import { HeadraceError } from "../../contracts/index.js";

export interface CollectionChoice {
  readonly collection?: string;
}

export function withCollectionOption(command: Command): Command {
  return command.addOption(new Option("--collection <name>", "the same as the argument"));
}

/** Returns the collection that the argument or the option names. Throws `usage_invalid` if they name two. */
export function namedCollection(argument: string | undefined, { collection }: CollectionChoice): string | undefined {
  if (argument !== undefined && collection !== undefined && argument !== collection) {
    throw new HeadraceError("usage_invalid", `--collection ${collection}: expected one collection, found ${argument} as the argument too`, {
      hint: "Give the name once: as the argument, or with --collection.",
    });
  }
  return argument ?? collection;
}

/** The same for a command that has no default collection. Throws `usage_invalid` if none is named. */
export function requiredCollection(argument: string | undefined, choice: CollectionChoice): string {
  const name = namedCollection(argument, choice);
  if (name !== undefined) return name;
  throw new HeadraceError("usage_invalid", "collection: expected a name, found none", {
    hint: "Name the collection as the argument, or with --collection.",
  });
}
