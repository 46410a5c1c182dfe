/** A collection that an operator loaded into a resource group stays there when its index is exchanged. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const dimension = 32;
const group = "replicas_group";
const defaultGroup = "__default_resource_group";
const name = "replicas_kept";
const shared = process.env["HEADRACE_MILVUS_ADDRESS"] === undefined ? missing : "the nodes at HEADRACE_MILVUS_ADDRESS are not ours to move";

describe("resource groups", { skip: shared }, () => {
  const live = new LiveMilvus("replicas_", { use: "alone" });

  it("are the same after the exchange of an index, and when a released collection is opened again", async (context) => {
    const store = await live.store({ indexType: "HNSW" });
    const writer = await store.create(name, { dimension, metric: "cosine", passport: null });
    assert.deepEqual(await writer.upsert(rowsOf(keys(2000), { dimension }), calm), []);
    const { client } = connectionOf(store);
    const { collectionID } = await client.describeCollection({ collection_name: name });
    await client.releaseCollection({ collection_name: name });
    await client.createResourceGroup({ resource_group: group });
    context.after(async () => {
      await client.releaseCollection({ collection_name: name });
      await client.transferNode({ source_resource_group: group, target_resource_group: defaultGroup, num_node: 1 });
      await client.dropResourceGroup({ resource_group: group });
    });
    const moved = await client.transferNode({ source_resource_group: defaultGroup, target_resource_group: group, num_node: 1 });
    assert.equal(moved.error_code, "Success", moved.reason);
    const loaded = await client.loadCollectionSync({ collection_name: name, replica_number: 1, resource_groups: [group] });
    assert.equal(loaded.error_code, "Success", loaded.reason);
    const groups = async () => {
      const { replicas } = await client.getReplicas({ collectionID });
      return replicas.map(({ resource_group_name }) => resource_group_name);
    };
    assert.deepEqual(await groups(), [group]);
    await writer.upkeep("owed", calm);
    assert.deepEqual([(await writer.stats()).index, await groups()], ["HNSW", [group]]);
    await client.releaseCollection({ collection_name: name });
    const reader = await store.openCollection(name, "read");
    assert.deepEqual([await reader.count(), await groups()], [2000, [group]]);
  });
});
