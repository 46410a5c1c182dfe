/**
 * A fleet under faults, with real servers: 12,000 images in 24 shards, four workers, one of them killed every three seconds and replaced,
 * Redis restarted once, and Milvus frozen once for ten seconds.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { listImages } from "../../src/app/index.js";
import { LiveMilvus, missing } from "../live/milvus/milvus.js";
import { type FleetWorker, FleetYard, type WorkerReport } from "../support/fleet-yard.js";
import { installRedis, type RedisServer, startRedis } from "../support/services/redis.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";

const run = promisify(execFile);
const noRedis = await skipUnless("Redis", installRedis);
const [images, shardItems, workers] = [12_000, 500, 4];
const collectionName = "faults_photos";
/** Milvus ends itself when it stands still for longer than its sessions live: the tests' 10 s are too short for the freeze. */
const sessionSeconds = "40";

describe("a fleet under faults", { skip: missing || noRedis }, () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());
  const live = new LiveMilvus("faults_", { use: "alone" });
  before(() => live.server.restart({ "common.session.ttl": sessionSeconds }));

  const title = "stores every image once, repeats at most two shards a kill, and its sum is that of the source";
  it(title, { timeout: 600_000 }, async (context) => {
    const yard = new FleetYard({ queueUrl: redis.url, milvusAddress: live.server.address, collectionName, leaseMs: 3_000, batchMs: 300 });
    const over = new AbortController();
    try {
      yard.files(images);
      assert.deepEqual(await yard.distribute(shardItems), { shards: 24, items: images, added: 24 });
      const crew = new Crew(yard, workers);
      const faults = Promise.all([crew.killEvery(3_000, over.signal), restarted(redis, over.signal), frozen(live.server, over.signal)]);
      await Promise.race([untilDone(yard, over.signal), faults]);
      over.abort();
      const [kills, restarts, freezes] = await faults;
      assert.deepEqual([restarts, freezes], [1, 1], "the fleet was done before all faults happened");
      assert.ok(kills >= 3, `expected at least 3 kills of workers that had embedded images, found ${kills}`);
      for (const report of await crew.reports()) assert.deepEqual([report?.ended, report?.error ?? null], ["completed", null]);
      const { counts, shards, upkeep } = await yard.status();
      assert.deepEqual([counts.read, counts.failed, shards.done, shards.failed, upkeep], [images, 0, 24, 0, "done"]);
      const repeated = yard.embedded() - images;
      const found = await countedByPymilvus(live.server.address);
      context.diagnostic(`${crew.kills} kills, ${kills} of workers that had embedded images`);
      context.diagnostic(`${repeated} images were embedded twice: ${(repeated / shardItems / crew.kills).toFixed(2)} shards a kill`);
      context.diagnostic(`pymilvus counts ${found.rows} rows with ${found.keys} keys`);
      assert.ok(repeated <= 2 * shardItems * crew.kills, `${repeated} images were embedded twice`);
      assert.deepEqual(found, { rows: images, keys: images, digest: await digestOfListed(yard.photos) });
    } finally {
      over.abort();
      yard.remove();
    }
  });
});

/** The running workers. A killed worker is replaced at once. */
class Crew {
  kills = 0;
  readonly #running: FleetWorker[];

  constructor(
    readonly yard: FleetYard,
    size: number,
  ) {
    this.#running = Array.from({ length: size }, () => yard.start());
  }

  /** Kills the oldest worker again and again. Returns the number of kills that hit a worker which had embedded images. */
  async killEvery(everyMs: number, over: AbortSignal): Promise<number> {
    let hits = 0;
    while (await elapsed(everyMs, over)) {
      const oldest = this.#running.shift();
      assert.ok(oldest !== undefined);
      oldest.child.kill("SIGKILL");
      await oldest.report;
      assert.equal(oldest.child.signalCode, "SIGKILL", "the worker had ended before it was killed");
      this.kills += 1;
      if (this.yard.embedded(oldest.child.pid) > 0) hits += 1;
      this.#running.push(this.yard.start());
    }
    return hits;
  }

  reports(): Promise<readonly (WorkerReport | null)[]> {
    return Promise.all(this.#running.map(({ report }) => report));
  }
}

async function restarted(redis: RedisServer, over: AbortSignal): Promise<number> {
  if (!(await elapsed(10_000, over))) return 0;
  await redis.restart();
  return 1;
}

async function frozen(server: LiveMilvus["server"], over: AbortSignal): Promise<number> {
  if (!(await elapsed(20_000, over))) return 0;
  await server.pause();
  await pause(10_000);
  server.resume();
  return 1;
}

/** False: the fleet was done before. */
function elapsed(ms: number, over: AbortSignal): Promise<boolean> {
  return pause(ms, true, { signal: over }).catch(() => false);
}

async function untilDone(yard: FleetYard, over: AbortSignal): Promise<void> {
  const isDone = async () => (await yard.status().catch(() => null))?.upkeep === "done";
  while (!over.aborted && !(await isDone())) await pause(500);
}

/** SHA-256 of the sorted keys of all images of the source. */
async function digestOfListed(folder: string): Promise<string> {
  const ids: string[] = [];
  for await (const { id } of listImages({ paths: [folder] })) ids.push(String(id));
  return createHash("sha256").update(ids.sort().join("\n")).digest("hex");
}

interface Found {
  readonly rows: number;
  readonly keys: number;
  /** SHA-256 of the sorted keys. */
  readonly digest: string;
}

/** Another program than ours counts the rows, and the different keys among them. */
async function countedByPymilvus(address: string): Promise<Found> {
  const { python } = await installVenv({ name: "pymilvus", installs: [["pymilvus==2.4.15", "setuptools<81", "marshmallow<4"]] });
  const script = [
    "import hashlib, json, sys",
    "from pymilvus import Collection, connections",
    "host, port = sys.argv[1].split(':')",
    "connections.connect(host=host, port=port)",
    "collection = Collection(sys.argv[2])",
    "rows = collection.query('', output_fields=['count(*)'], consistency_level='Strong')[0]['count(*)']",
    "ids = [row['id'] for batch in iter(collection.query_iterator(batch_size=1000, output_fields=['id']).next, []) for row in batch]",
    "digest = hashlib.sha256('\\n'.join(sorted(ids)).encode()).hexdigest()",
    "print(json.dumps({'rows': rows, 'keys': len(set(ids)), 'digest': digest}))",
  ].join("\n");
  const { stdout } = await run(python, ["-c", script, address, collectionName]);
  return JSON.parse(stdout) as Found;
}
