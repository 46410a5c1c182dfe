/** What is asked of one collection: look-ups, pages, nearest rows, counts and deletions. */
import { HeadraceError } from "../../contracts/index.js";
import type { CallOptions, MilvusConnection } from "./client.js";
import { keyList } from "./filter.js";
import type { Consistency, Freshness } from "./freshness.js";
import { searchParameters } from "./indexes.js";
import type { IndexSettings, MilvusOptions } from "./options.js";
import { keyOf, type RawRow, rowFields } from "./rows.js";
import { type CollectionShape, metricNames } from "./schema.js";
import type { Upkeep } from "./upkeep.js";

/** The SDK takes the level's name, although its types want the number. */
type NamedConsistency = Omit<Consistency, "consistency_level"> & { readonly consistency_level: never };

export class Queries {
  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly freshness: Freshness,
    readonly upkeep: Upkeep,
    readonly settings: IndexSettings,
    readonly searchConsistency: MilvusOptions["consistencyLevel"],
  ) {}

  async rows(expression: string, fields: readonly string[], see: "own" | "strong", signal?: AbortSignal): Promise<readonly RawRow[]> {
    return this.#query(expression, fields, this.freshness[see], { signal });
  }

  async count(expression: string, signal?: AbortSignal): Promise<number> {
    const [row] = await this.#query(expression, ["count(*)"], this.freshness.strong, { signal });
    return Number(row?.["count(*)"] ?? 0);
  }

  /** All matching rows in the order of their keys. */
  async *pages(expression: string, fields: readonly string[], limit: number, signal?: AbortSignal): AsyncIterable<readonly RawRow[]> {
    let after = "";
    let consistency = this.freshness.strong;
    for (;;) {
      const bounded = [expression, after].filter((part) => part !== "").join(" and ");
      const rows = await this.#query(bounded, fields, consistency, { signal }, limit);
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      const last = keyOf(rows.at(-1)!, this.shape);
      after = `id > ${typeof last === "bigint" ? last : JSON.stringify(last)}`;
      consistency = this.freshness.own;
    }
  }

  /** For each query the nearest rows with Milvus' own score, best first. */
  async nearest(
    queries: readonly Float32Array[],
    expression: string,
    options: { readonly topK: number; readonly signal?: AbortSignal },
  ): Promise<readonly (readonly RawRow[])[]> {
    await this.upkeep.served(options.signal);
    const index = await this.upkeep.currentIndex(options.signal);
    const parameters = searchParameters(index ?? "FLAT", this.settings, options.topK);
    const level = await this.#searchLevel(options.signal);
    const answer = await this.connection.call(
      `search in ${this.shape.name}`,
      (client) =>
        client.search({
          collection_name: this.shape.name,
          anns_field: this.shape.vectorField,
          data: queries.map((query) => Array.from(query)),
          limit: options.topK,
          filter: expression,
          metric_type: metricNames[this.shape.metric],
          params: { ...parameters },
          output_fields: rowFields(this.shape, "omit"),
          consistency_level: level as never,
        }),
      { signal: options.signal },
    );
    const results = answer.results as unknown as readonly RawRow[] | readonly (readonly RawRow[])[];
    if (results.length === 0) return queries.map(() => []);
    return Array.isArray(results[0]) ? (results as readonly (readonly RawRow[])[]) : [results as readonly RawRow[]];
  }

  /** Rows that were there; Milvus itself would count absent keys too. */
  async delete(expression: string, signal: AbortSignal): Promise<number> {
    const count = await this.count(expression, signal);
    if (count === 0) return 0;
    const answer = await this.connection.call(
      `delete from ${this.shape.name}`,
      (client) => client.delete({ collection_name: this.shape.name, filter: expression }),
      { signal },
    );
    this.freshness.wrote(BigInt(answer.timestamp ?? 0));
    return count;
  }

  /** A search cannot name the moment it waits for, so a query waits for it, once after a write. */
  async #searchLevel(signal?: AbortSignal): Promise<Consistency["consistency_level"] | "Eventually"> {
    if (this.searchConsistency !== "Session") return this.searchConsistency;
    if (this.freshness.own.consistency_level !== "Bounded") await this.rows(keyList("id", []), ["id"], "own", signal);
    return "Bounded";
  }

  async #query(
    expression: string,
    fields: readonly string[],
    consistency: Consistency,
    options: CallOptions,
    limit?: number,
  ): Promise<readonly RawRow[]> {
    await this.upkeep.served(options.signal);
    const answer = await this.connection.call(
      `query of ${this.shape.name}`,
      (client) =>
        client.query({
          collection_name: this.shape.name,
          filter: expression,
          output_fields: [...fields],
          ...(consistency as NamedConsistency),
          ...(limit === undefined ? {} : { limit }),
        }),
      options,
    );
    if (answer.data === undefined) throw new HeadraceError("unexpected", `query of ${this.shape.name}: expected rows, found none`);
    this.freshness.answered(consistency);
    return answer.data;
  }
}
