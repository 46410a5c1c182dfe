/** Finds a collection by the name that a user gave; when it is not there, the error says where it was looked for and what is there. */
import { resolve } from "node:path";
import { type Collection, HeadraceError, type VectorStore } from "../../contracts/index.js";
import { checkCollectionName } from "../call-options.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { CollectionAddress } from "./addresses.js";

const maxNamesShown = 5;

/** Throws `collection_not_found`, naming the store. */
export function openNamed(parts: PipelineParts, address: CollectionAddress, access: "read" | "write"): Promise<Collection> {
  return placed(parts, address, (store) => store.openCollection(address.collection, access));
}

/** Opens it for one use. Throws `collection_not_found`, `lock_held`. */
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

/** Throws `collection_not_found`, naming the store. */
export function dropNamed(parts: PipelineParts, name: string): Promise<void> {
  return placed(parts, { collection: name }, (store) => store.drop(name));
}

/** Where the collections are, for people. */
function placeOf({ settings, own, storeKind }: PipelineParts, store: VectorStore, kind = storeKind): string {
  if (own.store !== undefined && kind === storeKind) return `the store ${store.name}`;
  switch (kind) {
    case "lancedb":
      return `the folder ${resolve(settings.lancedb.path)}`;
    case "milvus":
      return `Milvus at ${settings.milvus?.host}:${settings.milvus?.port}`;
    default:
      return kind satisfies never;
  }
}

async function placed<T>(
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
      `Collection ${name} is not in ${placeOf(parts, store, kind)}, which has ${shown(names)}.`,
      {
        item: name,
        cause,
      },
    );
  }
}

function shown(names: readonly string[]): string {
  if (names.length === 0) return "no collections";
  const more = names.length - maxNamesShown;
  return `${names.slice(0, maxNamesShown).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
