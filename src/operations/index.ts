/** The operations that a user can start, such as ingest, copy and prune. */

export { damageOf } from "./check-rows.js";
export * from "./classify.js";
export { compare, type Standing, type Standings } from "./compare.js";
export { compareNeighbours, KeySample, type NeighbourComparison } from "./compare-neighbours.js";
export * from "./copy.js";
export * from "./copy-target.js";
export { type DuplicateGroup, type DuplicateRow, duplicateGroups } from "./dedupe.js";
export { deleteOthers, differingRows, type RowsCompared, rowsOnlyIn, TriedRows } from "./differing-rows.js";
export * from "./embed.js";
export { exportRows, metadataColumns } from "./export.js";
export { exportImages, exportPictures } from "./export-images.js";
export * from "./ingest.js";
export { insertVectors } from "./insert-vectors.js";
export * from "./preview.js";
export { Arrivals } from "./pruning/arrivals.js";
export { type KeptCounts, type KeptReason, keptReasons } from "./pruning/kept-rows.js";
export { type ListedSource, ListedSources } from "./pruning/listed-sources.js";
export { moveMetadata } from "./pruning/moved-metadata.js";
export { type DeletionLimit, decidePrune, findGone, type GoneRows, type LookAtRow, pruneRefusal } from "./pruning/prune.js";
export * from "./refresh-metadata.js";
export * from "./restore.js";
export { rowPage } from "./row-page.js";
export { batchRows } from "./rows.js";
export type { PlainQuery, Query, Term } from "./search/query.js";
export { type SearchRequest, search } from "./search/search.js";
export type { WriteWidths } from "./write-widths.js";
