/** Searches for different things: of all rows with the same value of a key, only the nearest is a hit. */
import { type Collection, type Filter, HeadraceError, type Hit, type MetadataValue } from "../../contracts/index.js";
import { fieldsOf } from "../../filter/index.js";

export interface GroupRequest {
  /** The metadata key or built-in column whose values make the groups. Rows without a value are left out. */
  readonly groupBy: string;
  /** Maximum number of groups, at most 100. */
  readonly topK: number;
  readonly minScore?: number | undefined;
  readonly filter: Filter | null;
  readonly signal: AbortSignal;
}

/** No store returns more hits of one search. */
const maxHits = 1000;
/** Each search finds at least one more group, so this is also the maximum number of searches. */
const maxGroups = 100;

/**
 * Returns the nearest row of each group, the best one first. A search whose hits are of too few groups is followed by one that leaves these
 * groups out, so the result is that of a search over all rows. Throws `query_invalid`.
 */
export async function searchGroups(
  collection: Collection,
  vector: Float32Array,
  { groupBy, topK, minScore, filter, signal }: GroupRequest,
): Promise<readonly Hit[]> {
  checkGroups(groupBy, topK);
  const best = new Map<MetadataValue, Hit>();
  for (let wanted = Math.min(4 * topK, maxHits); ; wanted = Math.min(2 * wanted, maxHits)) {
    const all: Filter[] = [{ kind: "exists", key: groupBy }, ...(filter === null ? [] : [filter]), ...without(groupBy, [...best.keys()])];
    const [hits = []] = await collection.search([vector], {
      topK: wanted,
      filter: { kind: "and", all },
      signal,
      ...(minScore === undefined ? {} : { minScore }),
    });
    const before = best.size;
    for (const hit of hits) {
      const value = fieldsOf({ ...hit, vector: null, ingestedAt: 0 })(groupBy);
      if (value !== null && value !== undefined && typeof value !== "bigint" && !best.has(value)) best.set(value, hit);
    }
    if (best.size >= topK || hits.length < wanted || best.size === before) return [...best.values()].slice(0, topK);
  }
}

function without(key: string, values: readonly MetadataValue[]): readonly Filter[] {
  return values.length === 0 ? [] : [{ kind: "not", filter: { kind: "in", key, values } }];
}

function checkGroups(groupBy: string, topK: number): void {
  if (topK > maxGroups) {
    throw new HeadraceError("query_invalid", `search, groupBy: expected topK of at most ${maxGroups}, found ${topK}`, {
      hint: `Ask for at most ${maxGroups} groups.`,
    });
  }
  if (["id", "ingested_at"].includes(groupBy)) {
    throw new HeadraceError("query_invalid", `search, groupBy: expected a key that several rows share, found ${groupBy}`, {
      hint: "Group by a key of the metadata, or by source or content.",
    });
  }
}
