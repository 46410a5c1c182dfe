/**
 * A fleet under faults, with real servers: 12,000 images in 24 shards, four workers, one of them killed every three seconds and replaced,
 * Redis restarted once, and Milvus frozen once for ten seconds.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { LiveMilvus, missing } from "../live/milvus/milvus.js";
import { type FleetWorker, FleetYard } from "../support/fleet-yard.js";
import { installRedis, type RedisServer, startRedis } from "../support/services/redis.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";

const run = promisify(execFile);
const noRedis = await skipUnless("Redis", installRedis);
const [images, shardItems, workers] = [12_000, 500, 4];
const collectionName = "faults_photos";

describe("a fleet under faults", { skip: missing || noRedis }, () => {
  const live = new LiveMilvus("faults_", { use: "alone" });
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());

  it("stores every image once, and its sum is that of the source", async (context) => {
    const yard = new FleetYard({ queueUrl: redis.url, milvusAddress: live.server.address, collectionName, leaseMs: 3_000, batchMs: 300 });
    try {
      yard.files(images);
      assert.deepEqual(await yard.distribute(shardItems), { shards: 24, items: images, added: 24 });
      const running: FleetWorker[] = Array.from({ length: workers }, () => yard.start());
      let [kills, repeated] = [0, 0];
      for (let second = 0; !(await isDone(yard)); second += 1) {
        if (second === 10) await redis.restart();
        if (second === 20) {
          await live.server.pause();
          await pause(10_000);
          live.server.resume();
        }
        if (second % 3 === 2) {
          const killed = running.shift();
          killed?.child.kill("SIGKILL");
          await killed?.report;
          kills += 1;
          running.push(yard.start());
        }
        await pause(1_000);
      }
      const reports = await Promise.all(running.map(({ report }) => report));
      for (const report of reports) assert.deepEqual([report?.ended, report?.error ?? null], ["completed", null]);
      const { counts, shards, upkeep } = await yard.status();
      repeated = counts.read - counts.stored + counts.reused;
      context.diagnostic(
        `${kills} kills; ${repeated} images were looked up again (${(repeated / shardItems / kills).toFixed(2)} shards a kill)`,
      );
      assert.deepEqual([counts.read, counts.failed, shards.done, shards.failed, upkeep], [images, 0, 24, 0, "done"]);
      assert.ok(repeated <= 2 * shardItems * kills);
      assert.deepEqual(await countedByPymilvus(live.server.address), { rows: images, keys: images });
    } finally {
      yard.remove();
    }
  });
});

async function isDone(yard: FleetYard): Promise<boolean> {
  const { upkeep } = await yard.status().catch(() => ({ upkeep: "none" }));
  return upkeep === "done";
}

/** Another program than ours counts the rows, and the different keys among them. */
async function countedByPymilvus(address: string): Promise<{ readonly rows: number; readonly keys: number }> {
  const { python } = await installVenv({ name: "pymilvus", installs: [["pymilvus==2.4.15", "setuptools<81", "marshmallow<4"]] });
  const script = [
    "import json, sys",
    "from pymilvus import Collection, connections",
    "host, port = sys.argv[1].split(':')",
    "connections.connect(host=host, port=port)",
    "collection = Collection(sys.argv[2])",
    "rows = collection.query('', output_fields=['count(*)'], consistency_level='Strong')[0]['count(*)']",
    "ids = [row['id'] for batch in iter(collection.query_iterator(batch_size=1000, output_fields=['id']).next, []) for row in batch]",
    "print(json.dumps({'rows': rows, 'keys': len(set(ids))}))",
  ].join("\n");
  const { stdout } = await run(python, ["-c", script, address, collectionName]);
  return JSON.parse(stdout) as { rows: number; keys: number };
}
