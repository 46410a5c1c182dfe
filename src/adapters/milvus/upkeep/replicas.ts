/**
 * How many copies of a collection are in memory, and in which resource groups. Milvus forgets both when a collection is released, so they are
 * kept in a property of the collection.
 */
import type { DescribeCollectionResponse } from "@zilliz/milvus2-sdk-node";
import { type Properties, propertyOf } from "../connection/properties.js";
import { loadProperty } from "../connection/schema.js";
import { isForbidden, isNotLoaded } from "../errors.js";

interface Replicas {
  readonly replicas: number;
  /** One group for all copies, or one group per copy. Empty: the server's default group. */
  readonly groups: readonly string[];
}

const defaultGroup = "__default_resource_group";
const single: Replicas = { replicas: 1, groups: [] };

/** Parameters of a request to load the collection. No parameters: one copy in the default group. */
export function loadParameters(answer: Pick<DescribeCollectionResponse, "properties">) {
  const text = propertyOf(answer, loadProperty);
  if (text === undefined) return {};
  const { replicas, groups } = JSON.parse(text) as Replicas;
  return { replica_number: replicas, ...(groups.length === 0 ? {} : { resource_groups: [...groups] }) };
}

/** Called before the collection is released: an operator may have loaded the collection in another way since it was created. */
export async function rememberReplicas(properties: Properties): Promise<void> {
  const answer = await properties.describe();
  const found = await replicasOf(properties, answer.collectionID);
  if (found === null) return;
  const text = JSON.stringify(found);
  if (text !== (propertyOf(answer, loadProperty) ?? JSON.stringify(single))) await properties.set({ [loadProperty]: text });
}

/** Returns null if the collection is not loaded, or if the user may not see its copies. */
async function replicasOf({ connection, collection }: Properties, collectionID: string): Promise<Replicas | null> {
  try {
    const { replicas } = await connection.call(`replicas of ${collection}`, (client) =>
      client.getReplicas({ collectionID, collection_name: collection }),
    );
    if (replicas.length === 0) return null;
    const names = replicas.map(({ resource_group_name }) => resource_group_name || defaultGroup).sort();
    const distinct = [...new Set(names)];
    if (distinct.length > 1) return { replicas: replicas.length, groups: names };
    return { replicas: replicas.length, groups: distinct.filter((name) => name !== defaultGroup) };
  } catch (error) {
    if (isNotLoaded(error) || isForbidden(error)) return null;
    throw error;
  }
}
