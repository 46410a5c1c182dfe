/** Properties of a collection. Each read asks the server, because other processes also write properties. */
import type { DescribeCollectionResponse } from "@zilliz/milvus2-sdk-node";
import type { MilvusConnection } from "./client.js";

export class Properties {
  constructor(
    readonly connection: MilvusConnection,
    readonly collection: string,
  ) {}

  async get(key: string, signal?: AbortSignal): Promise<string | undefined> {
    return propertyOf(await this.describe(signal), key);
  }

  /** Sets some properties. All others stay as they are, also those that another process sets at the same time. */
  async set(properties: Readonly<Record<string, string>>): Promise<void> {
    await this.connection.call(`set ${Object.keys(properties).join(", ")} of ${this.collection}`, (client) =>
      client.alterCollectionProperties({ collection_name: this.collection, properties }),
    );
  }

  describe(signal?: AbortSignal): Promise<DescribeCollectionResponse> {
    return this.connection.call(
      `collection ${this.collection}`,
      (client) => client.describeCollection({ collection_name: this.collection }),
      { signal },
    );
  }
}

export function propertyOf(answer: Pick<DescribeCollectionResponse, "properties">, key: string): string | undefined {
  const value = answer.properties.find((each) => each.key === key)?.value;
  return value === undefined ? undefined : String(value);
}
