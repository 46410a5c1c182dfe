/** A worker that would store something else than the others, or may not store anything, is refused before its first shard. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MilvusClient, RbacObjects } from "@zilliz/milvus2-sdk-node";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, openQueue, ServiceConfig } from "../../../src/app/index.js";
import { type Embedder, HeadraceError } from "../../../src/contracts/index.js";
import { FleetYard } from "../../support/fleet-yard.js";
import { installRedis, type RedisServer, startRedis } from "../../support/services/redis.js";
import { skipUnless } from "../../support/services/required.js";
import { LiveMilvus, missing } from "./milvus.js";

const noRedis = await skipUnless("Redis", installRedis);
const secured = process.env["HEADRACE_MILVUS_ADDRESS"] === undefined ? false : "the server at HEADRACE_MILVUS_ADDRESS cannot be restarted";
const collectionName = "fleet_refused";
const root = { user: "root", password: "Milvus" };

describe("a worker that does not fit", { skip: missing || noRedis || secured }, () => {
  let redis: RedisServer;
  let yard: FleetYard;
  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    yard?.remove();
    await redis?.stop();
  });
  const live = new LiveMilvus("fleet_refused", { use: "alone" });
  before(async () => {
    yard = new FleetYard({ queueUrl: redis.url, milvusAddress: live.server.address, collectionName, leaseMs: 30_000, batchMs: 0 });
    yard.files(300);
    assert.equal((await yard.distribute(100)).added, 3);
  });

  /** Starts a worker, and returns what it was refused with. No shard may have been taken. */
  const refusal = async (embedder: Embedder, credentials = {}): Promise<HeadraceError> => {
    const config = new ServiceConfig({ milvus: live.settings(credentials) });
    const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own: { decoder: memoryDecoder(), embedder } });
    const { queue, close } = await openQueue({ url: redis.url, collectionName });
    try {
      await (await pipeline.fleet.work(queue, { collectionName })).done;
      return assert.fail("expected a refusal, found a worker");
    } catch (error) {
      assert.ok(HeadraceError.is(error), String(error));
      const { shards, counts } = await queue.status();
      assert.deepEqual([shards.waiting, shards.active, shards.done, counts.read], [3, 0, 0, 0]);
      return error;
    } finally {
      await close();
      await pipeline.close();
    }
  };

  it("because its vectors have another dimension", async () => {
    const { code, message } = await refusal(memoryEmbedder({ dimension: 24 }));
    assert.equal(code, "dimension_mismatch");
    assert.match(message, /expected vectors of 16 numbers from memory.*, found 24 from memory/);
  });

  it("because its model is another one of the same dimension", async () => {
    const other = memoryEmbedder();
    const { name, input, dimension, feed } = other;
    const shifted: Embedder = {
      ...{ name, input, dimension, feed, label: "another model" },
      check: (signal) => other.check(signal),
      lease: (rows) => other.lease(rows),
      embed: async (slab, signal) => {
        const vectors = await other.embed(slab, signal);
        return { ...vectors, values: vectors.values.map((value, at) => (at % 2 === 0 ? -value : value)) };
      },
    };
    const { code, message } = await refusal(shifted);
    assert.equal(code, "passport_mismatch");
    assert.match(message, /memory, 16 dimensions/);
    assert.match(message, /another model/);
  });

  describe("because its user of Milvus", () => {
    before(async () => {
      await createUsers(live.server.address);
      // Milvus acts on a grant some time after it has confirmed it, and a refusal of that time lasts. At its start it reads all grants.
      await live.server.restart({ authorization_enabled: true });
    });
    after(() => live.server.restart());

    it("has another password", async () => {
      const { code, message } = await refusal(memoryEmbedder(), { ...root, password: "wrong-password" });
      assert.equal(code, "config_invalid");
      assert.match(message, /milvus\.user and milvus\.password: expected credentials that .* accepts/);
      assert.doesNotMatch(message, /wrong-password/);
    });

    it("may not read the collection", async () => {
      const { code, message } = await refusal(memoryEmbedder(), { user: "nobody", password: "password" });
      assert.equal(code, "config_invalid");
      assert.match(message, /permission deny/);
    });

    it("may read the collection, but not write to it", async () => {
      const { code, message } = await refusal(memoryEmbedder(), { user: "reader", password: "password" });
      assert.equal(code, "config_invalid");
      assert.match(message, /Upsert: permission deny to reader/);
    });
  });
});

/** `nobody` has no privileges, `reader` those that reading takes. The server keeps them. */
async function createUsers(address: string): Promise<void> {
  const client = new MilvusClient({ address, username: root.user, password: root.password, telemetry: { enabled: false } });
  try {
    const ok = async (call: Promise<{ readonly error_code?: unknown; readonly reason?: string }>) => {
      const { error_code: code, reason } = await call;
      assert.equal(String(code), "Success", reason);
    };
    if ((await client.listUsers()).usernames.includes("reader")) return;
    for (const username of ["nobody", "reader"]) await ok(client.createUser({ username, password: "password" }));
    await ok(client.createRole({ roleName: "reading" }));
    await ok(client.addUserToRole({ username: "reader", roleName: "reading" }));
    for (const privilegeName of ["Query", "Load", "GetLoadingProgress", "GetLoadState", "GetStatistics", "Search"]) {
      await ok(client.grantRolePrivilege({ roleName: "reading", object: RbacObjects.Collection, objectName: "*", privilegeName }));
    }
    for (const privilegeName of ["ShowCollections", "DescribeCollection"]) {
      await ok(client.grantRolePrivilege({ roleName: "reading", object: RbacObjects.Global, objectName: "*", privilegeName }));
    }
  } finally {
    await client.closeConnection();
  }
}
