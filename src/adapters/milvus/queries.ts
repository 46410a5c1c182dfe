/** Lookups, scans, searches, counts and deletions in one collection. */
import { HeadraceError } from "../../contracts/index.js";
import type { CallOptions, MilvusConnection } from "./connection/client.js";
import { keyList } from "./connection/filter.js";
import type { Consistency, Freshness } from "./connection/freshness.js";
import { searchParameters } from "./connection/indexes.js";
import { type CollectionShape, metricNames } from "./connection/schema.js";
import { isAnswerTooLarge, isNotLoaded } from "./errors.js";
import type { IndexSettings, MilvusSection } from "./options.js";
import { keyOf, type RawRow, rowFields } from "./rows.js";
import type { Upkeep } from "./upkeep/upkeep.js";

/** The SDK accepts the name of a consistency level, but the SDK's types require the number. */
type NamedConsistency = Omit<Consistency, "consistency_level"> & { readonly consistency_level: never };

export class Queries {
  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly freshness: Freshness,
    readonly upkeep: Upkeep,
    readonly settings: IndexSettings,
    readonly searchConsistency: MilvusSection["consistencyLevel"],
  ) {}

  async rows(
    expression: string,
    fields: readonly string[],
    see: "own" | "strong",
    options: { readonly signal?: AbortSignal | undefined; readonly limit?: number } = {},
  ): Promise<readonly RawRow[]> {
    return this.#query(expression, fields, () => this.freshness[see], { signal: options.signal }, options.limit);
  }

  async count(expression: string, signal?: AbortSignal): Promise<number> {
    const [row] = await this.#query(expression, ["count(*)"], () => this.freshness.strong, { signal });
    return Number(row?.["count(*)"] ?? 0);
  }

  /** Yields all matching rows, in the order of their keys. Sees every write that was acknowledged before the first page. */
  async *pages(expression: string, fields: readonly string[], pageRows: number, signal?: AbortSignal): AsyncIterable<readonly RawRow[]> {
    const moment = await this.connection.now(signal);
    let after = "";
    let limit = pageRows;
    for (;;) {
      const bounded = [expression, after].filter((part) => part !== "").join(" and ");
      let rows: readonly RawRow[];
      try {
        rows = await this.#query(bounded, fields, () => this.freshness.since(moment), { signal }, limit);
      } catch (error) {
        if (limit === 1 || !isAnswerTooLarge(error)) throw error;
        limit = Math.ceil(limit / 2);
        continue;
      }
      if (rows.length > 0) yield rows;
      if (rows.length < limit) return;
      const last = keyOf(rows.at(-1)!, this.shape);
      after = `id > ${typeof last === "bigint" ? last : JSON.stringify(last)}`;
    }
  }

  /** Returns the nearest rows for each query vector, best first. Each row has the score that Milvus reports. */
  async nearest(
    queries: readonly Float32Array[],
    expression: string,
    options: { readonly topK: number; readonly signal?: AbortSignal },
  ): Promise<readonly (readonly RawRow[])[]> {
    await this.upkeep.served(options.signal);
    return this.#retryAfterExchange(options.signal, () => this.#nearest(queries, expression, options));
  }

  async #nearest(
    queries: readonly Float32Array[],
    expression: string,
    options: { readonly topK: number; readonly signal?: AbortSignal },
  ): Promise<readonly (readonly RawRow[])[]> {
    const index = await this.upkeep.currentIndex(options.signal);
    const parameters = searchParameters(index ?? { type: "FLAT", nlist: null }, this.settings, options.topK);
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

  /** Counts the matching rows before the deletion, because Milvus also reports keys without a row as deleted. */
  async delete(expression: string, signal: AbortSignal): Promise<number> {
    const count = await this.count(expression, signal);
    if (count === 0) return 0;
    const answer = await this.#retryAfterExchange(signal, () =>
      this.connection.call(
        `delete from ${this.shape.name}`,
        (client) => client.delete({ collection_name: this.shape.name, filter: expression }),
        { signal },
      ),
    );
    this.freshness.wrote(BigInt(answer.timestamp ?? 0));
    return count;
  }

  /**
   * Milvus' search call has no parameter for the timestamp to wait for. After a write, a query that matches no rows waits for the timestamp
   * of the write, before the search.
   */
  async #searchLevel(signal?: AbortSignal): Promise<Consistency["consistency_level"] | "Eventually"> {
    if (this.searchConsistency !== "Session") return this.searchConsistency;
    if (this.freshness.own.consistency_level !== "Bounded") await this.rows(keyList("id", []), ["id"], "own", { signal });
    return "Bounded";
  }

  async #query(
    expression: string,
    fields: readonly string[],
    see: () => Consistency,
    options: CallOptions,
    limit?: number,
  ): Promise<readonly RawRow[]> {
    await this.upkeep.served(options.signal);
    let consistency = see();
    const answer = await this.#retryAfterExchange(options.signal, () => {
      consistency = see();
      return this.connection.call(
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
    });
    if (answer.data === undefined) throw new HeadraceError("unexpected", `query of ${this.shape.name}: expected rows, found none`);
    this.freshness.answered(consistency);
    return answer.data;
  }

  /** Retries the call once when another process released the collection to replace the index. */
  async #retryAfterExchange<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask();
      // A query while the collection is being released succeeds, but rows may be missing from the answer.
      if (await this.upkeep.stayedLoaded(signal)) return answer;
      await this.upkeep.comesBack(signal);
    } catch (error) {
      if (!isNotLoaded(error) || !(await this.upkeep.comesBack(signal))) throw error;
    }
    return ask();
  }
}
