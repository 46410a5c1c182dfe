/** Addresses of collections: `milvus:photos`, or `photos` for the configured store. */
import { HeadraceError } from "../../contracts/index.js";
import { type StoreKind, storeKinds } from "../configuration/kinds.js";

/** The possible forms of an address, for help texts and messages. */
export const addressForms: string = [...storeKinds.map((kind) => `${kind}:NAME`), "NAME"].join(", ");

/** The name of a collection, and the store that contains it. */
export interface CollectionAddress {
  /** Kind of the store. Default: the configured kind. */
  readonly store?: StoreKind;
  readonly collection: string;
}

/** Parses an address. Throws `usage_invalid` for an unknown store. The collection name is checked later, by the store. */
export function parseAddress(text: string): CollectionAddress {
  const colon = text.indexOf(":");
  if (colon < 0) return { collection: text };
  const store = storeKinds.find((kind) => kind === text.slice(0, colon));
  if (store !== undefined) return { store, collection: text.slice(colon + 1) };
  throw new HeadraceError("usage_invalid", `collection: expected one of ${addressForms}, found ${JSON.stringify(text).slice(0, 80)}`, {
    hint: "For example: headrace copy --from lancedb:photos --to milvus:photos",
  });
}

/** Returns the collection name with its store, because two stores may have collections of the same name. */
export function labelOf({ store, collection }: CollectionAddress, configured: StoreKind): string {
  return `${store ?? configured}:${collection}`;
}
