/** Builds the index that a user has requested, whatever the thresholds of upkeep say. */
import { type BuiltIndex, HeadraceError } from "../../../contracts/index.js";
import { checkIndexColumn } from "../../../kit/index.js";
import { mergeBeforeIndex, removeReplaced } from "./first-merge.js";
import { buildScalarIndex, indexableKeys } from "./scalar-indexes.js";
import { tableState } from "./table-state.js";
import { buildIndex, compact, keepVersionsMs, mergeAfterIndex, type UpkeepParts } from "./upkeep.js";
import { buildingIndex } from "./upkeep-step.js";
import { requestedVectorIndex, trainingRows, vectorIndexOf } from "./vector-index.js";

export function buildRequestedIndex(parts: UpkeepParts, column: string): Promise<BuiltIndex> {
  return column === "vector" ? buildVectors(parts) : buildKey(parts, column);
}

/** Adds new rows to an existing index. If there is none, builds the kind that a large table would get. */
async function buildVectors(parts: UpkeepParts): Promise<BuiltIndex> {
  const { name, table, facts, folder, mayGoOn } = parts;
  const now = await tableState(table, folder, keepVersionsMs);
  const { rows, indexes } = now;
  const existing = indexes.get("vector");
  const report = async (outcome: BuiltIndex["outcome"]): Promise<BuiltIndex> => ({
    column: "vector",
    type: await vectorIndexOf(table),
    outcome,
    rows,
  });
  if (existing?.unindexedRows === 0) return report("unchanged");
  if (existing !== undefined) {
    await mayGoOn({ step: "adding rows to the index on vector", rows: existing.unindexedRows });
    await compact(table, folder);
    return report("extended");
  }
  if (rows < trainingRows) {
    throw new HeadraceError("index_invalid", `collection ${name}: index on vector: expected at least ${trainingRows} rows, found ${rows}`, {
      hint: "Insert more images first. Searches of so few rows are fast without an index.",
    });
  }
  const isMerged = await mergeBeforeIndex(parts);
  await buildIndex(parts, requestedVectorIndex(facts), rows);
  await (isMerged ? removeReplaced(table, folder) : mergeAfterIndex(parts, now));
  return report("built");
}

async function buildKey({ vendor, name, table, facts, folder, mayGoOn }: UpkeepParts, column: string): Promise<BuiltIndex> {
  checkIndexColumn(name, column, indexableKeys(facts));
  const { rows, indexes } = await tableState(table, folder, keepVersionsMs);
  const existing = indexes.get(column);
  const built = { column, type: "btree", rows };
  if (existing?.unindexedRows === 0) return { ...built, outcome: "unchanged" };
  await mayGoOn(buildingIndex(column, { rows }));
  await buildScalarIndex(vendor.lancedb, table, column);
  return { ...built, outcome: existing === undefined ? "built" : "extended" };
}
