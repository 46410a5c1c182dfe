/** Opens the collection whose rows are copied or exported. */
import type { Filter, RowSource } from "../../contracts/index.js";
import { type CollectionAddress, labelOf } from "../collections/addresses.js";
import { openNamed } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { type MoveOptions, signalOf } from "./move-run.js";

/**
 * The name in messages includes the store, because another store may have a collection of the same name. `filter`: only rows that match. Default:
 * all rows.
 */
export async function openOrigin(
  parts: PipelineParts,
  address: CollectionAddress,
  request: MoveOptions,
  filter?: Filter,
): Promise<RowSource> {
  await parts.store(signalOf(request), address.store);
  const collection = await openNamed(parts, address, "read");
  const { dimension, metric, idType, passport } = collection;
  return {
    name: labelOf(address, parts.storeKind),
    dimension,
    metric,
    idType,
    passport,
    count: () => collection.count(filter),
    scan: (options) => collection.scan({ ...options, ...(filter === undefined ? {} : { filter }) }),
    close: () => collection.close(),
  };
}
