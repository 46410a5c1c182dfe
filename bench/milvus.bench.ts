/** Rows into a real Milvus: this adapter against a bare loop over the SDK and against pymilvus, and how fast keys are found again. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { promisify } from "node:util";
import { type MilvusStore, milvusStore } from "../src/adapters/milvus/index.js";
import type { Collection, RowBatch } from "../src/contracts/index.js";
import { connectionOf } from "../test/support/milvus-connections.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { repositoryRoot } from "../test/support/services/process.js";
import { installVenv, type Venv } from "../test/support/services/venv.js";
import { alternate, atLeast, type BenchSection, median, plain, spread } from "./harness.js";
import { batchOf, dimension, idsOf } from "./milvus-rows.js";

const rows = 10_000;
const rounds = 3;
const restMs = 2_000;
const calm = new AbortController().signal;
const run = promisify(execFile);

/** What a batch size and a number of requests in flight are called in a figure. */
const ways = {
  "100, 2 in flight": { size: 100, inFlight: 2 },
  "500, 2 in flight": { size: 500, inFlight: 2 },
  "1,000, 2 in flight": { size: 1000, inFlight: 2 },
} as const;

type Way = (typeof ways)[keyof typeof ways];

export async function milvusRows(): Promise<BenchSection> {
  const python = await installPymilvus();
  const server = await startMilvus();
  const [host = "", port = ""] = server.address.split(":");
  const store = milvusStore({ host, port: Number(port), indexType: "FLAT" });
  await store.open(calm);
  const collections = {
    encoded: await create(store, "encoded"),
    sdk: await create(store, "sdk"),
    pymilvus: await create(store, "pymilvus"),
  };
  // A loaded collection applies each upsert's deletions for minutes after the client was answered, on the same two cores.
  for (const { name } of Object.values(collections)) await connectionOf(store).client.releaseCollection({ collection_name: name });
  const cpu = new Map<string, number[]>();
  const note = (name: string, microsPerRow: number) => void cpu.set(name, [...(cpu.get(name) ?? []), microsPerRow]);
  const measured = (name: string, write: () => Promise<void>) => async (): Promise<number> => {
    // The server still works on what was written before; pymilvus rests as long while its process starts.
    await rest(restMs);
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await write();
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(before);
    note(name, (user + system) / rows);
    return rows / (elapsedMs / 1000);
  };
  const adapter = (way: Way) =>
    measured(`adapter, batches of ${way.size.toLocaleString("en")}, ${way.inFlight} in flight`, () =>
      writeEncoded(collections.encoded, way),
    );
  const pymilvus = (shape: "rows" | "columns", size: number) => async () => {
    const script = join(repositoryRoot(), "bench", "pymilvus-upsert.py");
    const args = [script, host, port, collections.pymilvus.name, String(rows), String(dimension), String(size), "2", shape];
    const { stdout } = await run(python.python, args);
    const { rowsPerSecond, cpuMicrosPerRow } = JSON.parse(stdout) as { rowsPerSecond: number; cpuMicrosPerRow: number };
    note(`pymilvus, batches of ${size.toLocaleString("en")}, 2 in flight, ${shape}`, cpuMicrosPerRow);
    return rowsPerSecond;
  };
  const bare = Object.entries(ways).map(
    ([what, way]) =>
      [`SDK, batches of ${what}`, measured(`SDK, batches of ${what}`, () => writeSdk(store, collections.sdk.name, way))] as const,
  );
  const speed = await alternate<string>(
    {
      "adapter, batches of 100, 2 in flight": adapter(ways["100, 2 in flight"]),
      "adapter, batches of 1,000, 2 in flight": adapter(ways["1,000, 2 in flight"]),
      ...Object.fromEntries(bare),
      "pymilvus, batches of 1,000, 2 in flight, rows": pymilvus("rows", 1000),
      "pymilvus, batches of 100, 2 in flight, columns": pymilvus("columns", 100),
      "pymilvus, batches of 1,000, 2 in flight, columns": pymilvus("columns", 1000),
    },
    rounds,
  );
  for (const collection of Object.values(collections)) {
    await connectionOf(store).client.loadCollectionSync({ collection_name: collection.name });
    const count = await collection.count();
    if (count !== rows) throw new Error(`${collection.name} holds ${count} rows, not ${rows}`);
  }
  const look = (from: number) => async () => {
    const startedAt = performance.now();
    await collections.encoded.known(idsOf(from, rows), calm);
    return rows / ((performance.now() - startedAt) / 1000);
  };
  const found = await alternate({ present: look(0), absent: look(rows * 10) }, rounds);
  for (const { name } of Object.values(collections)) await store.drop(name);
  await store.close();
  await server.stop();
  const best = (prefix: string) =>
    Math.max(...Object.entries(speed).flatMap(([name, values]) => (name.startsWith(prefix) ? median(values) : [])));
  const at = (who: string, size: string) => median(speed[`${who}, batches of ${size}, 2 in flight`] ?? []);
  return {
    name: "milvus",
    title: `Upserts into Milvus 2.3.5, ${rows.toLocaleString("en")} rows of ${dimension} dimensions, the collections not loaded meanwhile`,
    command: "npm run bench -- milvus",
    figures: [
      ...Object.entries(speed).map(([name, values]) => plain(`${name}: rows/s`, spread(values, 0))),
      ...[...cpu].map(([name, values]) => plain(`${name}: client's CPU a row, µs`, spread(values, 0))),
      atLeast("adapter ÷ bare SDK loop, the best of each", best("adapter") / best("SDK"), 4, 2),
      plain(
        "adapter ÷ bare SDK loop, both in batches of 100, of 1,000, 2 in flight",
        ["100", "1,000"].map((size) => (at("adapter", size) / at("SDK", size)).toFixed(2)).join(", "),
      ),
      atLeast("adapter ÷ pymilvus, the best of each", best("adapter") / best("pymilvus"), 1.3, 2),
      atLeast("known: keys/s that are there", median(found["present"] ?? []), 50_000, 0),
      atLeast("known: keys/s that are not", median(found["absent"] ?? []), 25_000, 0),
    ],
  };
}

function installPymilvus(): Promise<Venv> {
  // pymilvus 2.4 reads its own version through pkg_resources.
  return installVenv({ name: "pymilvus", installs: [["pymilvus==2.4.15", "setuptools<81", "marshmallow<4"]] });
}

async function create(store: MilvusStore, name: string): Promise<Collection> {
  for (const { name: found } of await store.list()) if (found === `bench_${name}`) await store.drop(found);
  return await store.create(`bench_${name}`, { dimension, metric: "ip", passport: null });
}

async function writeEncoded(collection: Collection, way: Way): Promise<void> {
  await spreadOver(way, async (batch) => {
    const failures = await collection.upsert(batch, calm);
    if (failures.length > 0) throw failures[0]!.error;
  });
}

/** What a program would write that has rows and the SDK. */
async function writeSdk(store: MilvusStore, name: string, way: Way): Promise<void> {
  const { client } = connectionOf(store);
  await spreadOver(way, async ({ ids, vectors, facts, ingestedAt }) => {
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

async function spreadOver({ size, inFlight }: Way, write: (batch: RowBatch) => Promise<void>): Promise<void> {
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
