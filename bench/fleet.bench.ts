/**
 * Workers of a fleet as users run them: processes of the command, a real Redis, a real Milvus, and one Triton with a sleeping model for each
 * worker. Four workers against one, the boundary between shards against a plain ingestion, and the cost of the queue.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { milvusStore } from "../src/adapters/milvus/index.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { startRedis } from "../test/support/services/redis.js";
import { startTriton } from "../test/support/services/triton.js";
import { busyShare, imagesPerSecond, lastExecutions } from "./gpu-log.js";
import { atLeast, atMost, type BenchSection, type Figure, median, plain, spread } from "./harness.js";
import { measureCommand } from "./processes.js";
import { queueCost } from "./queue-cost.js";
import { smallJpegs } from "./small-jpegs.js";

/** 49 images/s for each worker: two cores can decode and send for four of them. */
const slow = { baseMs: 8, rowMs: 20 } as const;
/** 235 images/s: close to what one worker can do on these cores beside its servers. */
const fast = { baseMs: 8, rowMs: 4 } as const;
const workerCount = 4;
const imagesPerWorker = 1_000;
const scaledShard = 50;
const boundaryImages = 4_000;
const boundaryShards = 20;
const boundaryRounds = 2;

interface Yard {
  readonly queueUrl: string;
  readonly milvusAddress: string;
  readonly folder: string;
  /** One for each worker, with the models `slow` and `fast`. */
  readonly tritons: readonly { readonly url: string; readonly slowLog: string; readonly fastLog: string }[];
}

export async function fleet(): Promise<BenchSection> {
  const folder = mkdtempSync(join(tmpdir(), "headrace-fleet-bench-"));
  const [redis, milvus] = await Promise.all([startRedis(), startMilvus()]);
  const servers = await Promise.all(Array.from({ length: workerCount }, (_, at) => tritonOf(folder, at)));
  const yard = { queueUrl: redis.url, milvusAddress: milvus.address, folder, tritons: servers };
  try {
    const figures = [...(await scaling(yard)), ...(await shardBoundary(yard)), await overhead(redis.url)];
    const load = plain("load of the machine in the minute of the end", `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`);
    const title = "A fleet: `headrace work` processes, Redis, Milvus, and a Triton with a sleeping model for each worker";
    return { name: "fleet", title, command: "npm run bench -- fleet", figures: [...figures, load] };
  } finally {
    await dropAll(milvus.address);
    await Promise.all([...servers.map(({ stop }) => stop()), redis.stop(), milvus.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tritonOf(folder: string, at: number) {
  const [slowLog, fastLog] = [join(folder, `slow-${at}.log`), join(folder, `fast-${at}.log`)];
  const model = { kind: "sleeping", dimension: 512 } as const;
  const server = await startTriton({
    models: [
      { ...model, name: "slow", ...slow, busyLog: slowLog },
      { ...model, name: "fast", ...fast, busyLog: fastLog },
    ],
  });
  return { url: server.httpUrl, slowLog, fastLog, stop: () => server.stop() };
}

async function scaling(yard: Yard): Promise<readonly Figure[]> {
  const one = await scaled(yard, 1);
  const four = await scaled(yard, workerCount);
  const [limit, each] = [32_000 / (slow.baseMs + 32 * slow.rowMs), scaledShard];
  return [
    plain(`1 worker, ${imagesPerWorker} images in shards of ${each}, a model of ${limit.toFixed(0)} images/s: images/s`, one.toFixed(1)),
    plain(
      `${workerCount} workers, ${workerCount * imagesPerWorker} images, ${workerCount} such models: images/s while all work`,
      four.toFixed(1),
    ),
    atLeast(`${workerCount} workers, times the speed of 1`, four / one, 3.6, 2),
  ];
}

/** Images per second by the models' own logs, from when the last worker has begun until the first one ends. */
async function scaled(yard: Yard, workers: number): Promise<number> {
  const photos = await smallJpegs(join(yard.folder, `scaled-${workers}`), workers * imagesPerWorker);
  const collection = `${prefix}scaled_${workers}`;
  await distributed(yard, photos, { collection, shardItems: scaledShard, model: "slow" });
  const logs = await Promise.all(
    yard.tritons.slice(0, workers).map(async ({ url, slowLog }) => {
      const { stored } = await work(yard, { collection, model: "slow", url });
      return lastExecutions(slowLog, stored);
    }),
  );
  const rows = logs.flat().reduce((sum, execution) => sum + execution.rows, 0);
  if (rows !== workers * imagesPerWorker) throw new Error(`${rows} images were stored, expected ${workers * imagesPerWorker}`);
  return imagesPerSecond(logs);
}

async function shardBoundary(yard: Yard): Promise<readonly Figure[]> {
  const photos = await smallJpegs(join(yard.folder, "boundary"), boundaryImages);
  const [triton] = yard.tritons;
  if (triton === undefined) throw new Error("there is no Triton");
  const [plainBusy, shardedBusy]: [number[], number[]] = [[], []];
  const busy = async () => busyShare(await lastExecutions(triton.fastLog, boundaryImages)) * 100;
  for (let round = 0; round < boundaryRounds; round += 1) {
    const whole = settingsOf(yard, { collection: `${prefix}plain_${round}`, model: "fast", url: triton.url });
    await measureCommand("ingest", photos, ...whole);
    plainBusy.push(await busy());
    const collection = `${prefix}sharded_${round}`;
    await distributed(yard, photos, { collection, shardItems: boundaryImages / boundaryShards, model: "fast" });
    await work(yard, { collection, model: "fast", url: triton.url });
    shardedBusy.push(await busy());
  }
  return [
    plain(`one ingestion of ${boundaryImages} images: model busy from its first to its last batch, %`, spread(plainBusy, 1)),
    plain(`one worker, the same images in ${boundaryShards} shards: model busy, %`, spread(shardedBusy, 1)),
    atLeast("the worker's share, of that of the ingestion", median(shardedBusy) / median(plainBusy), 0.98, 3),
  ];
}

async function overhead(queueUrl: string): Promise<Figure> {
  return atMost("1,000 images in a shard: time in calls of the queue, % of the wall time", (await queueCost(queueUrl)) * 100, 1, 2);
}

const prefix = "bench_fleet_";

interface RunOptions {
  readonly collection: string;
  readonly model: "slow" | "fast";
  readonly url?: string;
}

async function distributed(
  yard: Yard,
  photos: string,
  { shardItems, ...options }: RunOptions & { readonly shardItems: number },
): Promise<void> {
  await measureCommand("distribute", photos, "--queue", yard.queueUrl, "--shard-size", String(shardItems), ...settingsOf(yard, options));
}

function work(yard: Yard, options: RunOptions): Promise<{ readonly stored: number }> {
  return measureCommand("work", "--queue", yard.queueUrl, ...settingsOf(yard, options));
}

function settingsOf({ milvusAddress, tritons, folder }: Yard, { collection, model, url = tritons[0]?.url }: RunOptions): readonly string[] {
  const [host, port] = milvusAddress.split(":");
  const settings = [
    `triton.url=${url}`,
    `triton.model_name=${model}`,
    "preprocess.preset=efficientnet-lite",
    `milvus.host=${host}`,
    `milvus.port=${port}`,
    "milvus.index_type=FLAT",
    `lancedb.path=${join(folder, "lancedb")}`,
  ];
  return ["--collection", collection, ...settings.flatMap((setting) => ["--set", setting])];
}

async function dropAll(address: string): Promise<void> {
  const [host = "", port = ""] = address.split(":");
  const store = milvusStore({ host, port: Number(port) });
  await store.open(new AbortController().signal);
  for (const { name } of await store.list()) if (name.startsWith(prefix)) await store.drop(name);
  await store.close();
}
