/** Searches a collection. A query image is embedded with the same steps as in a run. */
import { type Filter, HeadraceError, type Hit } from "../../contracts/index.js";
import { parseFilter } from "../../filter/index.js";
import { searchGroups } from "./groups.js";
import type { Query } from "./query.js";
import { type QueryContext, vectorsOf } from "./vectors.js";

export interface SearchRequest extends QueryContext {
  readonly queries: readonly Query[];
  /** Maximum number of hits per query, from 1 to 1000. Default 10. */
  readonly topK?: number;
  /** Hits with a lower score are left out. Default: no minimum. */
  readonly minScore?: number;
  /** A filter in the filter language. Only matching rows can be hits. Default: all rows. */
  readonly filter?: string;
  /** A metadata key or built-in column. Of all rows with the same value, only the nearest can be a hit. Default: every row can. */
  readonly groupBy?: string;
}

/** Returns one list of hits per query. The best hit comes first. Throws `query_invalid` or `filter_invalid`. */
export async function search(request: SearchRequest): Promise<readonly (readonly Hit[])[]> {
  const { collection, topK = 10, minScore, signal } = request;
  if (!Number.isInteger(topK) || topK < 1 || topK > 1000) {
    throw new HeadraceError("query_invalid", `search, topK: expected a whole number from 1 to 1000, found ${topK}`, {
      hint: "Ask for 1 to 1000 hits.",
    });
  }
  if (Number.isNaN(minScore)) throw new HeadraceError("query_invalid", "search, minScore: expected a number, found NaN");
  const filter: Filter | null = request.filter === undefined ? null : parseFilter(request.filter);
  const vectors = await vectorsOf(request.queries, request);
  const { groupBy } = request;
  if (groupBy !== undefined) {
    const groups: (readonly Hit[])[] = [];
    for (const vector of vectors) groups.push(await searchGroups(collection, vector, { groupBy, topK, minScore, filter, signal }));
    return groups;
  }
  return collection.search(vectors, {
    topK,
    signal,
    ...(minScore === undefined ? {} : { minScore }),
    ...(filter === null ? {} : { filter }),
  });
}
