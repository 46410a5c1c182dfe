/** Rows into a real Milvus: this adapter against a bare loop over the SDK, and how fast keys are found again. */
import { startMilvus } from "../scripts/services/milvus.js";
import { type MilvusStore, milvusStore } from "../src/adapters/milvus/index.js";
import { milvusSettings } from "../src/adapters/milvus/options.js";
import type { Collection, ImageFacts, RowBatch } from "../src/contracts/index.js";
import { alternate, atLeast, type BenchSection, median, plain, spread } from "./harness.js";

const dimension = 512;
const rows = 20_000;
const rounds = 3;
const inFlight = 2;
const calm = new AbortController().signal;

export async function milvusRows(): Promise<BenchSection> {
  const server = await startMilvus();
  const [host = "", port = ""] = server.address.split(":");
  const store = milvusStore(milvusSettings({ host, port: Number(port), index_type: "FLAT" }));
  await store.open(calm);
  const collections: Record<"encoded" | "sdk", Collection> = { encoded: await create(store, "encoded"), sdk: await create(store, "sdk") };
  const cpu = new Map<string, number[]>();
  const measured = (name: string, write: () => Promise<void>) => async (): Promise<number> => {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await write();
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(before);
    cpu.set(name, [...(cpu.get(name) ?? []), (user + system) / rows]);
    return rows / (elapsedMs / 1000);
  };
  const speed = await alternate(
    {
      "adapter, batches of 100": measured("adapter, batches of 100", () => writeEncoded(collections.encoded, 100)),
      "SDK, batches of 100": measured("SDK, batches of 100", () => writeSdk(store, collections.sdk.name, 100)),
      "adapter, batches of 1,000": measured("adapter, batches of 1,000", () => writeEncoded(collections.encoded, 1000)),
      "SDK, batches of 1,000": measured("SDK, batches of 1,000", () => writeSdk(store, collections.sdk.name, 1000)),
    },
    rounds,
  );
  for (const collection of Object.values(collections)) {
    const count = await collection.count();
    if (count !== rows) throw new Error(`${collection.name} holds ${count} rows, not ${rows}`);
  }
  const look = (from: number) => async () => {
    const startedAt = performance.now();
    await collections.encoded.known(idsOf(from, rows), calm);
    return rows / ((performance.now() - startedAt) / 1000);
  };
  const found = await alternate({ present: look(0), absent: look(rows * 10) }, rounds);
  for (const name of ["encoded", "sdk"]) await store.drop(`bench_${name}`);
  await store.close();
  await server.stop();
  const ratio = (size: string) =>
    median(speed[`adapter, batches of ${size}` as keyof typeof speed]) / median(speed[`SDK, batches of ${size}` as keyof typeof speed]);
  return {
    name: "milvus",
    title: `Upserts into Milvus 2.3.5, ${rows.toLocaleString("en")} rows of ${dimension} dimensions, ${inFlight} requests in flight`,
    command: "npm run bench -- milvus",
    figures: [
      ...Object.entries(speed).flatMap(([name, values]) => [
        plain(`${name}, rows/s`, spread(values, 0)),
        plain(`${name}, client's CPU a row, µs`, spread(cpu.get(name) ?? [], 0)),
      ]),
      atLeast("adapter ÷ bare SDK loop, batches of 100", ratio("100"), 1, 2),
      atLeast("adapter ÷ bare SDK loop, batches of 1,000", ratio("1,000"), 1, 2),
      atLeast("known: keys/s that are there", median(found.present), 50_000, 0),
      atLeast("known: keys/s that are not", median(found.absent), 25_000, 0),
    ],
  };
}

async function create(store: MilvusStore, name: string): Promise<Collection> {
  for (const { name: found } of await store.list()) if (found === `bench_${name}`) await store.drop(found);
  return await store.create(`bench_${name}`, { dimension, metric: "ip", passport: null });
}

async function writeEncoded(collection: Collection, size: number): Promise<void> {
  await spreadOver(size, async (batch) => {
    const failures = await collection.upsert(batch, calm);
    if (failures.length > 0) throw failures[0]!.error;
  });
}

/** What a program would write that has rows and the SDK. */
async function writeSdk(store: MilvusStore, name: string, size: number): Promise<void> {
  const { client } = store.administration.connection;
  await spreadOver(size, async ({ ids, vectors, facts, ingestedAt }) => {
    const data = ids.map((id, index) => ({
      id: String(id),
      vector: Array.from(vectors.subarray(index * dimension, (index + 1) * dimension)),
      source: facts[index]!.source,
      root: facts[index]!.root,
      version: facts[index]!.version,
      content: facts[index]!.content,
      metadata_hash: facts[index]!.metadataHash,
      width: facts[index]!.width,
      height: facts[index]!.height,
      ingested_at: ingestedAt,
      camera: "X100",
    }));
    const answer = await client.upsert({ collection_name: name, data });
    if (answer.status.error_code !== "Success") throw new Error(answer.status.reason);
  });
}

async function spreadOver(size: number, write: (batch: RowBatch) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < rows) {
      const from = next;
      next += size;
      await write(batchOf(from, size));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const vectors = Float32Array.from({ length: 1000 * dimension }, (_, at) => Math.sin(at * 0.37));
const facts: ImageFacts = {
  source: "file:///photos/2020/holidays/image.jpg",
  root: "file:///photos",
  version: "1234567:1600000000000000000:1600000000000000000",
  content: "0".repeat(64),
  metadata: { camera: "X100" },
  metadataHash: "0".repeat(32),
  width: 4000,
  height: 3000,
};

function batchOf(from: number, size: number): RowBatch {
  return {
    ids: idsOf(from, size),
    vectors: vectors.subarray(0, size * dimension),
    dimension,
    facts: Array(size).fill(facts),
    ingestedAt: 1,
  };
}

function idsOf(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (from + index).toString(16).padStart(32, "0"));
}
