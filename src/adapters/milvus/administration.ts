/** What Milvus offers beyond a vector store: aliases, partitions, loading and releasing. */
import type { MilvusConnection } from "./client.js";

export class MilvusAdministration {
  constructor(readonly connection: MilvusConnection) {}

  /** Another name for the collection; it is opened, searched and written by either. */
  async createAlias(alias: string, collection: string): Promise<void> {
    await this.connection.call(`create alias ${alias}`, (client) => client.createAlias({ alias, collection_name: collection }));
  }

  /** Points an alias to another collection, in one step: readers never find nothing. */
  async alterAlias(alias: string, collection: string): Promise<void> {
    await this.connection.call(`alter alias ${alias}`, (client) => client.alterAlias({ alias, collection_name: collection }));
  }

  async dropAlias(alias: string): Promise<void> {
    await this.connection.call(`drop alias ${alias}`, (client) => client.dropAlias({ alias }));
  }

  async createPartition(collection: string, partition: string): Promise<void> {
    await this.connection.call(`create partition ${partition} of ${collection}`, (client) =>
      client.createPartition({ collection_name: collection, partition_name: partition }),
    );
  }

  async dropPartition(collection: string, partition: string): Promise<void> {
    await this.connection.call(`drop partition ${partition} of ${collection}`, (client) =>
      client.dropPartition({ collection_name: collection, partition_name: partition }),
    );
  }

  async partitions(collection: string): Promise<readonly string[]> {
    const answer = await this.connection.call(`partitions of ${collection}`, (client) =>
      client.listPartitions({ collection_name: collection }),
    );
    return answer.partition_names;
  }

  /** Brings the collection into memory; opening it does that too. */
  async load(collection: string): Promise<void> {
    await this.connection.call(`load ${collection}`, (client) => client.loadCollectionSync({ collection_name: collection }));
  }

  /** Gives the memory back; the collection answers no queries until it is loaded. */
  async release(collection: string): Promise<void> {
    await this.connection.call(`release ${collection}`, (client) => client.releaseCollection({ collection_name: collection }));
  }
}
