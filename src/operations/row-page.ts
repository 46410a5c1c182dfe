/** Reads a page of rows in the order of their keys, from any collection. */
import type { Collection, Key, RowPageOptions, StoredRow } from "../contracts/index.js";
import { compareText } from "../filter/index.js";

/** See `Collection.page`. For a store without such a call, reads all matching rows and keeps those of the page. */
export async function rowPage(collection: Pick<Collection, "page" | "scan">, options: RowPageOptions): Promise<readonly StoredRow[]> {
  if (collection.page !== undefined) return collection.page(options);
  const { after, limit, ...scan } = options;
  let first: StoredRow[] = [];
  for await (const rows of collection.scan(scan)) {
    first.push(...rows.filter(({ id }) => after === null || compareKeys(id, after) > 0));
    first = first.sort((a, b) => compareKeys(a.id, b.id)).slice(0, limit);
  }
  return first;
}

function compareKeys(a: Key, b: Key): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
