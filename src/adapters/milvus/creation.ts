/**
 * Creates a collection. When several processes create the same collection at the same time, one succeeds and the others get
 * `collection_exists`.
 */
import { randomUUID } from "node:crypto";
import type { FieldType } from "@zilliz/milvus2-sdk-node";
import { HeadraceError } from "../../contracts/index.js";
import type { MilvusConnection } from "./connection/client.js";
import { indexProperty, loadProperty } from "./connection/schema.js";
import { isDuplicate, refusedSetting } from "./errors.js";
import type { CreationSettings, IndexType, InsertSection } from "./options.js";
import { BusyNote } from "./upkeep/index-note.js";
import type { Upkeep } from "./upkeep/upkeep.js";

export class Creation {
  /**
   * A random id that makes the collection's description unique. Milvus reports success for a second creation of the same collection if both
   * descriptions are equal.
   */
  readonly maker = randomUUID();
  readonly #note = new BusyNote("creating");

  constructor(
    readonly connection: MilvusConnection,
    readonly name: string,
    readonly index: IndexType,
    readonly options: { readonly settings: CreationSettings; readonly insert: Pick<InsertSection, "index"> },
  ) {}

  /**
   * Throws `collection_exists` when another process created the collection first, and `config_invalid` when the server refuses a setting.
   */
  async make({ description, fields }: { readonly description: string; readonly fields: FieldType[] }): Promise<void> {
    const { settings } = this.options;
    await checkVersion(this.connection, settings);
    const what = `create ${this.name}`;
    try {
      await this.connection.call(what, (client) =>
        client.createCollection({
          collection_name: this.name,
          description,
          enable_dynamic_field: true,
          consistency_level: "Bounded",
          fields,
          ...(settings.numShards === null ? {} : { shards_num: settings.numShards }),
          properties: { [indexProperty]: this.#note.text, ...propertiesOf(settings) },
        }),
      );
    } catch (error) {
      throw isDuplicate(error) ? alreadyThere(this.name, error) : refusedSetting(what, error, settings);
    }
  }

  /**
   * Creates the index and requests that the server loads the collection. Then ends the index note, which other processes wait for. Drops
   * the collection when a step fails.
   */
  async complete({ index, load, properties }: Upkeep): Promise<void> {
    const later = this.options.insert.index !== "before" && this.index !== "FLAT";
    this.#note.keep(properties);
    try {
      await index.create(later ? "FLAT" : this.index);
      // The vector field has the exact index already, so Milvus creates no index now. Milvus only validates the configured type and its
      // parameters.
      if (later) await index.create(this.index);
      await load.request();
      await this.#note.end(properties, later ? "pending" : "built");
    } catch (error) {
      await this.#note.stop();
      await this.#remove({ properties, load }, error);
      throw refusedSetting(`load ${this.name}`, error, this.options.settings);
    }
  }

  /**
   * Drops the collection, unless the collection may have rows: other processes may write rows as soon as the index note has ended or the
   * collection is loaded.
   */
  async #remove({ properties, load }: Pick<Upkeep, "properties" | "load">, reason: unknown): Promise<void> {
    try {
      if (!(await this.#note.holds(properties)) || (await load.now()) !== "released") return;
      await this.connection.call(`drop ${this.name}`, (client) => client.dropCollection({ collection_name: this.name }));
    } catch (error) {
      const { message } = HeadraceError.from(reason);
      throw new HeadraceError(HeadraceError.from(reason).code, `${message}; collection ${this.name} has no index yet`, {
        hint: `${HeadraceError.from(reason).hint} The next call that opens the collection creates its index.`,
        cause: error,
      });
    }
  }
}

export function alreadyThere(name: string, cause?: unknown): HeadraceError {
  return new HeadraceError("collection_exists", `create collection ${name}: expected a new name, found an existing collection`, {
    hint: "Open the existing collection, or choose another name. When several processes create it at once, one succeeds; the others open it.",
    cause,
  });
}

/** Properties of the collection that only Milvus reads, and the number of copies in memory, which `LoadState` reads. */
function propertiesOf({ mmap, ttlSeconds, replicaNumber }: CreationSettings): Readonly<Record<string, string>> {
  return {
    ...(mmap === null ? {} : { "mmap.enabled": String(mmap) }),
    ...(ttlSeconds === null ? {} : { "collection.ttl.seconds": String(ttlSeconds) }),
    ...(replicaNumber === null ? {} : { [loadProperty]: JSON.stringify({ replicas: replicaNumber, groups: [] }) }),
  };
}

/**
 * Settings that need Milvus 2.4. Older servers accept them, and then ignore them (mmap), cannot index the vectors, or put rows that are
 * upserted into the wrong partition, where filters on the partition key miss them (milvus-io/milvus pull request 30772).
 */
async function checkVersion(connection: MilvusConnection, { vectorType, mmap, partitionKey }: CreationSettings): Promise<void> {
  const given = {
    "vector_type FLOAT16_VECTOR": vectorType === "FLOAT16_VECTOR",
    mmap: mmap !== null,
    partition_key: partitionKey !== null,
  };
  const setting = Object.entries(given).find(([, isGiven]) => isGiven)?.[0];
  if (setting === undefined) return;
  const { version } = await connection.call("server version", (client) => client.getVersion());
  // A hosted server may report a name without numbers. Such a server counts as new enough.
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || Number(major) > 2 || (major === "2" && Number(minor) >= 4)) return;
  const text = `milvus.${setting}: expected Milvus 2.4 or newer at ${connection.endpoint.address}, found ${version}`;
  throw new HeadraceError("config_invalid", text, { hint: "Remove the setting, or use a newer server." });
}
