/** Which collection of which store: `milvus:photos`, or `photos` in the configured store. */
import { HeadraceError } from "../../contracts/index.js";
import type { StoreKind } from "../configuration/kinds.js";
import { storeKinds } from "../configuration/kinds.js";

export interface CollectionAddress {
  /** Default: the configured store. */
  readonly store?: StoreKind;
  readonly collection: string;
}

/** Throws `usage_invalid` for a store that does not exist; the name is checked by the store. */
export function parseAddress(text: string): CollectionAddress {
  const colon = text.indexOf(":");
  if (colon < 0) return { collection: text };
  const store = storeKinds.find((kind) => kind === text.slice(0, colon));
  if (store !== undefined) return { store, collection: text.slice(colon + 1) };
  const expected = [...storeKinds.map((kind) => `${kind}:NAME`), "NAME"].join(", ");
  throw new HeadraceError(
    "usage_invalid",
    `Expected one of ${expected} for a collection but received ${JSON.stringify(text).slice(0, 80)}.`,
    {
      hint: "For example: headrace copy --from lancedb:photos --to milvus:photos",
    },
  );
}

/** Tells the collection from others of the pipeline, also of the same name. */
export function labelOf({ store, collection }: CollectionAddress, configured: StoreKind): string {
  return `${store ?? configured}:${collection}`;
}
