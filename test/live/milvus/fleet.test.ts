/** A fleet on a real Redis or Valkey and a real Milvus: workers are killed, end early, and are refused. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MilvusClient } from "@zilliz/milvus2-sdk-node";
import { FleetYard, type FleetYardOptions } from "../../support/fleet-yard.js";
import { waitUntil } from "../../support/services/process.js";
import { installRedis, type RedisServer, startRedis } from "../../support/services/redis.js";
import { skipUnless } from "../../support/services/required.js";
import { LiveMilvus, missing } from "./milvus.js";

const noRedis = await skipUnless("Redis", installRedis);

describe("a fleet with real servers", { skip: missing || noRedis }, () => {
  const live = new LiveMilvus("fleet_");
  let redis: RedisServer;
  const yards: FleetYard[] = [];
  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    for (const yard of yards) yard.remove();
    await redis?.stop();
  });
  const yardFor = (collectionName: string, options: Pick<FleetYardOptions, "leaseMs" | "batchMs" | "flush">) => {
    const yard = new FleetYard({ queueUrl: redis.url, milvusAddress: live.server.address, collectionName, ...options });
    yards.push(yard);
    return yard;
  };
  const stored = async (name: string) => (await (await live.store()).openCollection(name, "read")).count();

  it("a worker is killed and Redis restarts: every image is stored once, and the sum is that of the source", async () => {
    const yard = yardFor("fleet_killed", { leaseMs: 1_500, batchMs: 30 });
    yard.files(1_200);
    assert.deepEqual(await yard.distribute(100), { shards: 12, items: 1_200, added: 12 });
    const [one, two] = [yard.start(), yard.start()];
    await Promise.all([one.working, two.working]);
    while ((await yard.status()).shards.done < 2) await new Promise((resolve) => setTimeout(resolve, 100));
    one.child.kill("SIGKILL");
    assert.equal(await one.report, null);
    await redis.restart();
    const three = yard.start();
    const reports = await Promise.all([two.report, three.report]);
    for (const report of reports) assert.deepEqual([report?.ended, report?.error, report?.failed], ["completed", null, 0]);
    const { counts, shards, upkeep } = await yard.status();
    assert.equal(await stored("fleet_killed"), 1_200);
    assert.deepEqual([counts.read, counts.failed, shards.done, shards.failed, upkeep], [1_200, 0, 12, 0, "done"]);
  });

  it("SIGTERM: the worker finishes what it has read, and another one embeds only the rest", async () => {
    const yard = yardFor("fleet_term", { leaseMs: 30_000, batchMs: 30 });
    yard.files(800);
    await yard.distribute(400);
    // The versions of files that are two seconds old are trusted.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const one = yard.start();
    await one.working;
    while ((await stored("fleet_term")) < 100) await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    one.child.kill("SIGTERM");
    const first = await one.report;
    assert.ok(performance.now() - began < 10_000);
    assert.deepEqual([first?.ended, first?.abandoned], ["drained", 0]);
    assert.equal((await yard.status()).shards.active, 0);
    const second = await yard.start().report;
    assert.equal((first?.stored ?? 0) + (second?.stored ?? 0), 800);
    const probes = 3;
    assert.equal((first?.embedded ?? 0) + (second?.embedded ?? 0), 800 + 2 * probes);
    assert.equal(await stored("fleet_term"), 800);
  });

  it("insert.flush end: the last job flushes the rows of all workers, also those of one that has ended", async () => {
    const yard = yardFor("fleet_flushed", { leaseMs: 30_000, batchMs: 30, flush: "end" });
    yard.files(600);
    await yard.distribute(100);
    const one = yard.start();
    await one.working;
    while ((await yard.status()).shards.done < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    one.child.kill("SIGTERM");
    await one.report;
    assert.equal((await yard.start().report)?.ended, "completed");
    assert.equal((await yard.status()).upkeep, "done");
    // Milvus seals at once, and writes the segments to the disk afterwards. By itself it would seal them after ten minutes.
    const isWritten = async () => (await rowsOnDisk(live.server.address, "fleet_flushed")) === 600;
    await waitUntil("the rows are on the disk", isWritten, { timeoutMs: 60_000, everyMs: 200, alive: () => true });
  });
});

/** Counts the rows in segments that are on the disk. A row that was written twice is in them twice. */
async function rowsOnDisk(address: string, collectionName: string): Promise<number> {
  const client = new MilvusClient({ address, telemetry: { enabled: false } });
  try {
    const { infos } = await client.getPersistentSegmentInfo({ collectionName });
    return infos.filter(({ state }) => state === "Flushed").reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  } finally {
    await client.closeConnection();
  }
}
