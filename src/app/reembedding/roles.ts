/**
 * What the collections of a re-embedding are for. Three aliases say it, so that the state is in the store and needs no file: the alias
 * itself, the alias with `_next` for the collection that is filled, and the one with `_previous` for the collection of before the switch.
 */
import { type Alias, HeadraceError, type VectorStore } from "../../contracts/index.js";

export interface Roles {
  /** The name that programs use. */
  readonly alias: string;
  /** The collection that the alias names. */
  readonly live: string;
  /** The collection that is filled, or that was left by a rollback; null if there is none. */
  readonly next: string | null;
  /** The collection of before the switch; null if there is none. */
  readonly previous: string | null;
}

/** Finds the roles. Throws `usage_invalid` if `name` is no alias, and `collection_not_found` if it is no collection either. */
export async function rolesOf(store: VectorStore, name: string): Promise<Roles> {
  const aliases = await store.aliases();
  const live = targetOf(aliases, name);
  if (live === null) throw await notAnAlias(store, aliases, name);
  const [next, previous] = [targetOf(aliases, nextAlias(name)), targetOf(aliases, previousAlias(name))];
  // A role that names the live collection is what a killed call has left.
  return { alias: name, live, next: next === live ? null : next, previous: previous === live ? null : previous };
}

/** Gives a collection the alias that programs shall use, for its first re-embedding. */
export async function giveAlias(store: VectorStore, collection: string, alias: string): Promise<void> {
  const named = targetOf(await store.aliases(), alias);
  if (named === null) await store.setAlias(alias, collection);
  else if (named !== collection) {
    throw new HeadraceError("usage_invalid", `alias ${alias}: expected a new alias or one of ${collection}, found an alias of ${named}`, {
      item: alias,
      hint: `Give another alias, or re-embed ${named} with: headrace reembed ${alias}`,
    });
  }
}

/** Marks the collection that is filled. */
export function markNext(store: VectorStore, { alias }: Pick<Roles, "alias">, collection: string): Promise<void> {
  return store.setAlias(nextAlias(alias), collection);
}

/** Makes the alias name the filled collection. Only the second step changes what other calls find. A killed call can be repeated. */
export async function switchToNext(store: VectorStore, { alias, live }: Roles, next: string): Promise<void> {
  await store.setAlias(previousAlias(alias), live);
  await store.setAlias(alias, next);
  await dropIfThere(store, nextAlias(alias));
}

/** Makes the alias name the collection of before again. */
export async function switchBack(store: VectorStore, { alias, live }: Roles, previous: string): Promise<void> {
  await store.setAlias(nextAlias(alias), live);
  await store.setAlias(alias, previous);
  await dropIfThere(store, previousAlias(alias));
}

/** Drops the collection of before. Its other names become names of the live collection, so that no program creates it anew by mistake. */
export async function dropPrevious(store: VectorStore, { alias, live }: Roles, previous: string): Promise<readonly string[]> {
  const others = (await store.aliases()).filter((each) => each.collection === previous && each.alias !== previousAlias(alias));
  for (const other of others) await store.setAlias(other.alias, live);
  await store.dropAlias(previousAlias(alias));
  try {
    await store.drop(previous);
  } catch (error) {
    await store.setAlias(previousAlias(alias), previous);
    throw error;
  }
  const isOwnName = !madeName.test(previous);
  if (isOwnName) await store.setAlias(previous, live);
  return [...others.map((each) => each.alias), ...(isOwnName ? [previous] : [])];
}

/** The name of the new collection: the name of the first one, and the beginning of the hash of the model's passport. */
export function nextName(live: string, passportHash: string): string {
  const ending = `_${passportHash.slice(0, 8)}`;
  return `${live.replace(madeName, "").slice(0, maxNameChars - ending.length)}${ending}`;
}

const maxNameChars = 64;
const madeName = /_[0-9a-f]{8}$/;

function nextAlias(alias: string): string {
  return `${alias}_next`;
}

function previousAlias(alias: string): string {
  return `${alias}_previous`;
}

function targetOf(aliases: readonly Alias[], alias: string): string | null {
  return aliases.find((each) => each.alias === alias)?.collection ?? null;
}

async function dropIfThere(store: VectorStore, alias: string): Promise<void> {
  if (targetOf(await store.aliases(), alias) !== null) await store.dropAlias(alias);
}

async function notAnAlias(store: VectorStore, aliases: readonly Alias[], name: string): Promise<HeadraceError> {
  const collection = await store.openCollection(name, "read");
  await collection.close();
  const known = aliases.find((each) => each.collection === name)?.alias ?? null;
  return new HeadraceError(
    "usage_invalid",
    `re-embed ${name}: expected an alias, found a collection, whose name always means the vectors of its own model`,
    {
      item: name,
      hint:
        known === null
          ? `Give it an alias, and let your programs use it as soon as it is set: headrace reembed ${name} --alias ${name}_live`
          : `Use its alias: headrace reembed ${known}`,
    },
  );
}
