/** Describes, creates and drops the index of a collection's vector field, and waits until the server has built the index. */
import type { IndexDescription } from "@zilliz/milvus2-sdk-node";
import { HeadraceError, type UpkeepOptions } from "../../../contracts/index.js";
import type { MilvusConnection } from "../connection/client.js";
import { buildParameters } from "../connection/indexes.js";
import { type CollectionShape, metricNames } from "../connection/schema.js";
import { until } from "../connection/waits.js";
import { isCollectionLoaded, isIndexMissing, isIndexTaken, refusedIndex } from "../errors.js";
import type { IndexSettings, IndexType } from "../options.js";

/**
 * The name of the exact index. No other index has this name, so a drop by name cannot drop an index that another process has created
 * meanwhile.
 */
const exactName = "headrace_exact";

export interface IndexInPlace {
  readonly name: string;
  /** The server's name of the index type. Other clients may have created a type that Headrace does not build. */
  readonly type: string;
  /** Number of clusters of an IVF index. Null for other types. */
  readonly nlist: number | null;
  readonly state: string;
  readonly failure: string;
  readonly pendingRows: number;
  /** Number of rows that the server must index, without those in segments that still grow. */
  readonly totalRows: number;
}

export class VectorIndex {
  constructor(
    readonly connection: MilvusConnection,
    readonly shape: CollectionShape,
    readonly settings: IndexSettings,
  ) {}

  /** Returns the index of the vector field, or null. Ignores indexes of other fields. */
  async inPlace(signal?: AbortSignal): Promise<IndexInPlace | null> {
    const { name: collection_name, vectorField: field_name } = this.shape;
    const { index_descriptions } = await this.connection.call(
      `describe the index of ${collection_name}`,
      async (client) => {
        const answer = await client.describeIndex({ collection_name, field_name });
        return isIndexMissing(answer.status) ? { index_descriptions: [] } : answer;
      },
      { signal },
    );
    const found = index_descriptions.find((index) => index.field_name === field_name);
    return found === undefined ? null : inPlaceOf(found);
  }

  /**
   * Returns "taken" when the vector field already has another index. Throws `config_invalid` when the server refuses the type or a
   * parameter.
   */
  async create(type: IndexType, signal?: AbortSignal): Promise<"created" | "taken"> {
    const { name: collection_name, vectorField: field_name, metric, dimension } = this.shape;
    const params = { ...buildParameters(type, this.settings, dimension) };
    const what = `create the index ${type} of ${collection_name}`;
    const named = type === "FLAT" ? { index_name: exactName } : {};
    try {
      await this.connection.call(
        what,
        (client) =>
          client.createIndex({ collection_name, field_name, ...named, index_type: type, metric_type: metricNames[metric], params }),
        { signal },
      );
      return "created";
    } catch (error) {
      if (isIndexTaken(error)) return "taken";
      throw refusedIndex(what, error);
    }
  }

  /** Returns "loaded" when the server keeps the index because the collection is loaded. A missing index counts as dropped. */
  async drop(name: string): Promise<"dropped" | "loaded"> {
    const { name: collection_name, vectorField: field_name } = this.shape;
    try {
      await this.connection.call(`drop the index of ${collection_name}`, async (client) => {
        const status = await client.dropIndex({ collection_name, field_name, index_name: name });
        return isIndexMissing(status) ? { error_code: "Success", reason: "" } : status;
      });
      return "dropped";
    } catch (error) {
      if (isCollectionLoaded(error)) return "loaded";
      throw error;
    }
  }

  async untilBuilt(signal: AbortSignal, { onProgress }: UpkeepOptions): Promise<void> {
    const build = { what: `build the index of ${this.shape.name}`, column: "vector", read: () => this.inPlace(signal) };
    await untilBuilt(build, this.connection, { signal, onProgress });
  }
}

interface Build {
  /** Name of the work in error messages. */
  readonly what: string;
  /** The column in progress reports. */
  readonly column: string;
  readonly read: () => Promise<IndexInPlace | null>;
}

/** Waits until the server has built the index, and returns it. Throws `timed_out` when the build makes no progress. */
export async function untilBuilt(
  { what, column, read }: Build,
  { maxStallMs }: Pick<MilvusConnection, "maxStallMs">,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: UpkeepOptions["onProgress"] },
): Promise<IndexInPlace> {
  let built: IndexInPlace | null = null;
  await until({ what, signal, maxStallMs }, async () => {
    const index = await read();
    if (index === null) throw new HeadraceError("unexpected", `${what}: expected an index, found none; another client dropped it`);
    if (index.state === "Failed") throw new HeadraceError("unexpected", `${what}: expected success, found ${index.failure}`);
    built = index;
    const { pendingRows, totalRows, state } = index;
    if (state === "Finished" && pendingRows === 0) return "done";
    const share = totalRows > 0 ? Math.max(0, 1 - pendingRows / totalRows) : null;
    onProgress?.({ step: `building the index on ${column}`, share, rows: totalRows });
    return { at: `${state}, ${pendingRows} rows left` };
  });
  return built!;
}

/** The index type as `CollectionStats` reports it. */
export function kindOf(index: IndexInPlace | null): string {
  return index === null || index.type === "FLAT" ? "none" : index.type;
}

export function inPlaceOf(found: IndexDescription): IndexInPlace {
  const parameter = (name: string) => found.params.find(({ key }) => key === name)?.value;
  const nlist = Number(parameter("nlist") ?? (JSON.parse(String(parameter("params") ?? "{}")) as { nlist?: number }).nlist);
  return {
    name: found.index_name,
    type: String(parameter("index_type") ?? ""),
    nlist: Number.isInteger(nlist) ? nlist : null,
    state: String(found.state),
    failure: found.index_state_fail_reason,
    pendingRows: Number(found.pending_index_rows),
    totalRows: Number(found.total_rows),
  };
}
