/** Rules for aliases of collections, and their errors. All stores use them, so that misuse gives the same error with every store. */
import { type Alias, HeadraceError } from "../../contracts/index.js";

/** The collection that an alias names; the name itself if it is not an alias. */
export function resolveAlias(name: string, aliases: readonly Alias[]): string {
  return aliases.find(({ alias }) => alias === name)?.collection ?? name;
}

/** Throws `collection_aliased` if the name is an alias, or if an alias names the collection. */
export function checkDrop(name: string, aliases: readonly Alias[]): void {
  const meant = aliases.find(({ alias }) => alias === name);
  if (meant !== undefined) {
    throw new HeadraceError(
      "collection_aliased",
      `drop collection ${name}: expected the name of a collection, found an alias of ${meant.collection}`,
      {
        item: name,
        hint: `To remove only the alias: headrace collection alias drop ${name}`,
      },
    );
  }
  const names = aliases.filter(({ collection }) => collection === name).map(({ alias }) => alias);
  if (names.length === 0) return;
  throw new HeadraceError("collection_aliased", `drop collection ${name}: expected no alias of it, found ${names.join(", ")}`, {
    item: name,
    hint: `Set the alias to another collection (headrace collection alias set ${names[0]} OTHER), or drop it (headrace collection alias drop ${names[0]}).`,
  });
}

/** The error when a new collection has the name of an alias. */
export function nameIsAlias(name: string, collection: string): HeadraceError {
  return new HeadraceError("collection_exists", `create collection ${name}: expected a new name, found an alias of ${collection}`, {
    item: name,
    hint: "Choose another name, or drop the alias first.",
  });
}

/** The error when an alias has the name of a collection. */
export function aliasIsCollection(alias: string): HeadraceError {
  return new HeadraceError("collection_exists", `alias ${alias}: expected a name that no collection has, found this collection`, {
    item: alias,
    hint: "Choose another name for the alias.",
  });
}

/** The error when an alias is set to a name that no collection has. */
export function aliasTargetMissing(alias: string, collection: string, cause?: unknown): HeadraceError {
  return new HeadraceError("collection_not_found", `alias ${alias}: expected the name of a collection, found none named ${collection}`, {
    item: collection,
    cause,
  });
}

export function aliasNotFound(alias: string): HeadraceError {
  return new HeadraceError("alias_not_found", `alias ${alias}: expected it to exist, found none`, { item: alias });
}
