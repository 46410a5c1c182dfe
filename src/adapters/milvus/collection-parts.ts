/** What a collection in Milvus is made of. */
import type { Freshness } from "./connection/freshness.js";
import type { CollectionShape } from "./connection/schema.js";
import type { Queries } from "./queries.js";
import type { Upkeep } from "./upkeep/upkeep.js";
import type { Inserter } from "./writing/inserter.js";

export interface CollectionParts {
  readonly shape: CollectionShape;
  readonly access: "read" | "write";
  /**
   * "created": this object created the collection, so the collection is empty until this store writes rows. "found": the collection existed
   * before.
   */
  readonly origin: "created" | "found";
  readonly queries: Queries;
  readonly inserter: Inserter;
  readonly upkeep: Upkeep;
  readonly freshness: Freshness;
}
