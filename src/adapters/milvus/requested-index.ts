/** Builds the index that a user has requested. */
import type { BuiltIndex, UpkeepOptions } from "../../contracts/index.js";
import { checkAborted, checkIndexColumn } from "../../kit/index.js";
import type { Queries } from "./queries.js";
import { isExact } from "./upkeep/index-exchange.js";
import { buildKeyIndex } from "./upkeep/key-index.js";
import type { Upkeep } from "./upkeep/upkeep.js";
import { kindOf } from "./upkeep/vector-index.js";

export async function buildRequestedIndex(
  { upkeep, queries }: { readonly upkeep: Upkeep; readonly queries: Queries },
  column: string,
  signal: AbortSignal,
  options: UpkeepOptions,
): Promise<BuiltIndex> {
  const { name, columns } = upkeep.shape;
  checkAborted(signal, `collection ${name}: buildIndex`);
  if (column !== "vector") {
    checkIndexColumn(name, column, columns.keys());
    const built = await buildKeyIndex(upkeep, column, signal, options);
    return { column, ...built, rows: await queries.count("", signal) };
  }
  const before = await upkeep.index.inPlace(signal);
  await upkeep.buildIndex(signal, options);
  const after = await upkeep.index.inPlace(signal);
  return {
    column,
    type: kindOf(after),
    outcome: isExact(before) && !isExact(after) ? "built" : "unchanged",
    rows: await queries.count("", signal),
  };
}
