/** The operations that a user can start, such as ingest, copy and prune. */

export { Arrivals } from "./arrivals.js";
export { damageOf } from "./check-rows.js";
export * from "./classify.js";
export { compare, type Standing, type Standings } from "./compare.js";
export { compareNeighbours, KeySample, type NeighbourComparison } from "./compare-neighbours.js";
export * from "./copy.js";
export * from "./copy-target.js";
export { type DuplicateGroup, type DuplicateRow, duplicateGroups } from "./dedupe.js";
export { deleteOthers, differingRows, type RowsCompared, rowsOnlyIn, TriedRows } from "./differing-rows.js";
export * from "./embed.js";
export * from "./export.js";
export * from "./ingest.js";
export { type KeptCounts, type KeptReason, keptReasons } from "./kept-rows.js";
export { type ListedSource, ListedSources } from "./listed-sources.js";
export { moveMetadata } from "./moved-metadata.js";
export * from "./preview.js";
export { type DeletionLimit, decidePrune, findGone, type GoneRows, type LookAtRow, pruneRefusal } from "./prune.js";
export * from "./restore.js";
export { batchRows } from "./rows.js";
export type { WriteWidths } from "./write-widths.js";
