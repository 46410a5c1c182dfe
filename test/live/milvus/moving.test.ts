/** Collections move between LanceDB and the real Milvus as they are. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { lancedbStore } from "../../../src/adapters/lancedb/index.js";
import { type CopyRequest, ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import type { Hit, Key, Metadata, Passport, RowBatch, RunReport, StoredRow } from "../../../src/contracts/index.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const killedCopy = fileURLToPath(new URL("./killed-copy.js", import.meta.url));
const passport: Passport = {
  probes: [
    [0.6, 0.8],
    [1, 0],
    [0, 1],
  ],
  labels: { model: 'é "m"' },
};
const dimension = 32;

describe("moving between LanceDB and Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("moving_");
  let folder: string;
  let pipeline: ImageEmbeddingPipeline;
  before(async () => {
    if (missing !== false) return;
    folder = await mkdtemp(join(tmpdir(), "headrace-moving-"));
    const [host = "", port = ""] = live.server.address.split(":");
    const config = new ServiceConfig({ lancedb: { path: folder }, milvus: { host, port: Number(port), indexType: "FLAT" } });
    pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
  });
  after(async () => {
    await pipeline?.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  /** Rows in LanceDB, with all that metadata may be. */
  async function fill(name: string, batch: RowBatch, idType: "text" | "int64" = "text"): Promise<void> {
    const store = lancedbStore({ path: folder });
    await store.open(calm);
    const collection = await store.create(name, { dimension, metric: "cosine", idType, passport });
    assert.deepEqual(await collection.upsert(batch, calm), []);
    await collection.close();
    await store.close();
  }

  const metadataOf = (index: number): Metadata => ({
    year: index % 7 === 0 ? null : 2000 + (index % 20) + 0.5,
    camera: `X "${index % 5}" \u{1F600}\n\u2028`,
    keep: index % 3 === 0,
    big: 2 ** 53 + index,
  });

  async function copied(request: CopyRequest): Promise<RunReport> {
    const report = await (await pipeline.copyCollection(request)).done;
    if (report.error !== undefined) throw report.error;
    return report;
  }

  async function rowsAt(store: "lancedb" | "milvus", collection: string): Promise<readonly StoredRow[]> {
    const rows: StoredRow[] = [];
    const opened = await storeOf(store);
    const found = await opened.openCollection(collection, "read");
    for await (const batch of found.scan({ vectors: "include" })) rows.push(...batch);
    await found.close();
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async function searched(store: "lancedb" | "milvus", collection: string, query: Float32Array): Promise<readonly Hit[]> {
    const opened = await storeOf(store);
    const found = await opened.openCollection(collection, "read");
    const [hits = []] = await found.search([query], { topK: 20 });
    await found.close();
    return hits;
  }

  async function storeOf(store: "lancedb" | "milvus") {
    if (store === "milvus") return live.store();
    const opened = lancedbStore({ path: folder });
    await opened.open(calm);
    return opened;
  }

  for (const [idType, ids] of [
    ["text", keys(2_000)],
    ["int64", Array.from({ length: 2_000 }, (_, at): Key => 2n ** 62n + BigInt(at * 3) - 1_000n)],
  ] as const) {
    it(`a collection with ${idType} ids has the very rows there, and after the way back; searches find the same`, async () => {
      const name = `moving_${idType}`;
      const batch = rowsOf(ids, { dimension, metadata: metadataOf });
      await fill(name, { ...batch, ingestedAt: ids.map((_, at) => 1_700_000_000_000 + at) }, idType);
      const there = { from: { store: "lancedb", collection: name }, to: { store: "milvus", collection: name } } as const;
      assert.deepEqual(await pipeline.previewCopy(there), { listed: 2_000, known: 0, fresh: 2_000, creates: true });
      assert.equal((await copied(there)).stored, 2_000);
      const original = await rowsAt("lancedb", name);
      assert.deepEqual(await rowsAt("milvus", name), original);
      assert.equal((await copied(there)).skipped, 2_000);

      const back = { from: { store: "milvus", collection: name }, to: { store: "lancedb", collection: `${name}_back` } } as const;
      assert.equal((await copied(back)).stored, 2_000);
      assert.deepEqual(await rowsAt("lancedb", `${name}_back`), original);
      const stats = (await (await storeOf("milvus")).list()).find((each) => each.name === name);
      assert.deepEqual(stats?.passport, passport);

      for (const row of [0, 777, 1_999]) {
        const query = batch.vectors.slice(row * dimension, (row + 1) * dimension);
        const [here, found] = [await searched("lancedb", name, query), await searched("milvus", name, query)];
        assert.equal(found.length, here.length);
        const scores = new Map(found.map(({ id, score }) => [id, score]));
        const lastScore = here.at(-1)!.score;
        for (const [at, { score }] of found.entries()) {
          assert.ok(Math.abs(score - here[at]!.score) <= 1e-4, `hit ${at}: ${score}, ${here[at]!.score}`);
        }
        // Rows as near as the last hit may change places with rows that are no hits.
        for (const { id, score } of here.filter((hit) => hit.score > lastScore + 1e-4)) {
          assert.ok(Math.abs((scores.get(id) ?? Number.NaN) - score) <= 1e-4, `${id} has ${scores.get(id)} there, ${score} here`);
        }
      }
    });
  }

  it("a copy killed in the middle (-9) and run again has the very rows, and nothing twice", async (context) => {
    const total = 12_000;
    const name = "moving_killed";
    await fill(name, rowsOf(keys(total), { dimension, metadata: metadataOf }));
    const [host = "", port = ""] = live.server.address.split(":");
    const stdio = ["ignore", "ignore", "inherit"] as const;
    const child = spawn(process.execPath, [killedCopy, folder, host, port, name, "4000"], { stdio: [...stdio] });
    const [, signal] = await once(child, "exit");
    assert.equal(signal, "SIGKILL");
    const store = await live.store();
    const half = await store.openCollection(name, "read");
    const count = await half.count();
    await half.close();
    context.diagnostic(`${count} of ${total} rows were there after the kill`);
    assert.ok(count >= 4_000 && count < total, `${count} rows`);

    const { stored, skipped } = await copied({ from: { store: "lancedb", collection: name }, to: { store: "milvus", collection: name } });
    assert.deepEqual([stored, skipped], [total - count, count]);
    const whole = await store.openCollection(name, "read");
    assert.equal(await whole.count(), total);
    await whole.close();
    assert.deepEqual(await rowsAt("milvus", name), await rowsAt("lancedb", name));
  });

  it("a collection there with another passport is refused, and stays as it was", async () => {
    const name = "moving_refused";
    await fill(name, rowsOf(keys(10), { dimension }));
    const store = await live.store();
    const other: Passport = {
      probes: [
        [-0.8, 0.6],
        [0, 1],
        [1, 0],
      ],
      labels: { model: "another" },
    };
    const target = await store.create(name, { dimension, metric: "cosine", passport: other });
    await target.close();
    await assert.rejects(copied({ from: { store: "lancedb", collection: name }, to: { store: "milvus", collection: name } }), {
      code: "passport_mismatch",
      message: /milvus:moving_refused.*another.*lancedb:moving_refused/,
    });
    const untouched = await store.openCollection(name, "read");
    assert.deepEqual([await untouched.count(), untouched.passport], [0, other]);
  });

  it("a row that Milvus cannot hold fails alone and is named", async () => {
    const name = "moving_too_long";
    const batch = rowsOf(keys(20), { dimension, metadata: (index) => ({ note: index === 7 ? "x".repeat(70_000) : "short" }) });
    await fill(name, batch);
    const failed: string[] = [];
    const run = await pipeline.copyCollection({
      from: { store: "lancedb", collection: name },
      to: { store: "milvus", collection: name },
      onOutcome: (outcome) => {
        if (outcome.kind === "failed") failed.push(`${outcome.facts.source}: ${outcome.error.code}`);
      },
    });
    const { read, stored } = await run.done;
    assert.deepEqual([read, stored, failed], [20, 19, ["file:///live/key-000007.jpg: row_rejected"]]);
  });
});
