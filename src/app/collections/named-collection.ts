/** Opens collections by name. If a collection does not exist, the error names the store and some existing collections. */
import { type Collection, HeadraceError, type VectorStore } from "../../contracts/index.js";
import { resolveAlias } from "../../kit/index.js";
import { storeLocation } from "../configuration/kinds.js";
import { closed } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { CollectionAddress } from "./addresses.js";
import { checkCollectionName } from "./call-options.js";

const maxNamesShown = 5;

/** Throws `collection_not_found`. The error names the store. */
export function openNamed(parts: PipelineParts, address: CollectionAddress, access: "read" | "write"): Promise<Collection> {
  return withStore(parts, address, (store) => store.openCollection(address.collection, access));
}

/** Returns the name of the collection that an alias names now; the name itself if it is not an alias. */
export async function nameOf(parts: PipelineParts, nameOrAlias: string): Promise<string> {
  checkCollectionName(nameOrAlias);
  const store = await parts.store(new AbortController().signal);
  return resolveAlias(nameOrAlias, await store.aliases());
}

/** Opens a collection for reading and passes it to `use`, or null if it does not exist. Always closes it. */
export async function withCollectionIfExists<T>(
  parts: PipelineParts,
  name: string,
  use: (collection: Collection | null) => Promise<T>,
): Promise<T> {
  checkCollectionName(name);
  const collection = await openNamed(parts, { collection: name }, "read").catch((error: unknown) => {
    if (HeadraceError.is(error) && error.code === "collection_not_found") return null;
    throw error;
  });
  return closed(collection === null ? [] : [collection], () => use(collection));
}

/** Opens a collection for `use`, and always closes it. Throws `collection_not_found` and `lock_held`. */
export async function withCollection<T>(
  parts: PipelineParts,
  name: string,
  access: "read" | "write",
  use: (collection: Collection) => Promise<T>,
): Promise<T> {
  checkCollectionName(name);
  const collection = await openNamed(parts, { collection: name }, access);
  try {
    return await use(collection);
  } finally {
    await collection.close();
  }
}

/** Like `withCollection`, for a call that somebody waits for: runs slow down while it is late. */
export function askCollection<T>(parts: PipelineParts, name: string, use: (collection: Collection) => Promise<T>): Promise<T> {
  return parts.openCalls.during(() => withCollection(parts, name, "read", use));
}

/** Throws `collection_not_found`. The error names the store. */
export function dropNamed(parts: PipelineParts, name: string): Promise<void> {
  return withStore(parts, { collection: name }, (store) => store.drop(name));
}

/** Describes for people where the collections are stored. */
function locationOf({ settings, own, storeKind }: PipelineParts, store: VectorStore, kind = storeKind): string {
  return own.store !== undefined && kind === storeKind ? `the store ${store.name}` : storeLocation(settings, kind);
}

async function withStore<T>(
  parts: PipelineParts,
  { collection: name, store: kind }: CollectionAddress,
  call: (store: VectorStore) => Promise<T>,
): Promise<T> {
  const store = await parts.store(new AbortController().signal, kind);
  try {
    return await call(store);
  } catch (cause) {
    if (!HeadraceError.is(cause) || cause.code !== "collection_not_found") throw cause;
    const names = (await store.list()).map((collection) => collection.name);
    throw new HeadraceError(
      "collection_not_found",
      `collection ${name}: expected it in ${locationOf(parts, store, kind)}, found ${listText(names)}`,
      {
        item: name,
        cause,
      },
    );
  }
}

function listText(names: readonly string[]): string {
  if (names.length === 0) return "no collections there";
  const more = names.length - maxNamesShown;
  return `${names.slice(0, maxNamesShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
