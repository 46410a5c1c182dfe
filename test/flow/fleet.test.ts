/** Many workers on one source: shards are distributed, taken, given back and tried again. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type MemoryWork, memoryDecoder, memoryEmbedder, memoryQueue, memoryStore, memoryWork } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, type InsertStats, type ListedSources, listImages, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type RunEvent, type WorkQueue } from "../../src/contracts/index.js";
import { writeTar } from "../support/archives.js";
import { writeParquet } from "../support/parquet-table.js";

const collectionName = "photos";

/** A folder, and a store and work that several pipelines share. */
class Yard implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "headrace-fleet-"));
  readonly store = memoryStore();
  readonly work: MemoryWork = memoryWork();
  readonly embedded: number[] = [];
  readonly #pipelines: ImageEmbeddingPipeline[] = [];

  queue(leaseMs = 30_000): WorkQueue {
    return memoryQueue({ work: this.work, leaseMs });
  }

  async pipeline(dimension = 8): Promise<ImageEmbeddingPipeline> {
    const embedder = memoryEmbedder({ dimension, work: async (rows) => void this.embedded.push(rows) });
    const own = { store: this.store, decoder: memoryDecoder(), embedder };
    const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), { parts: "lazy", own });
    this.#pipelines.push(pipeline);
    return pipeline;
  }

  /** Writes files with different contents. */
  files(below: string, count: number): void {
    mkdirSync(join(this.folder, below), { recursive: true });
    for (let at = 0; at < count; at += 1) writeFileSync(join(this.folder, below, `${String(at).padStart(4, "0")}.jpg`), `${below} ${at}`);
  }

  async distribute(sources: readonly string[], shardItems = 10) {
    const pipeline = await this.pipeline();
    return pipeline.fleet.distribute(this.queue(), {
      sources: sources.map((source) => join(this.folder, source)),
      collectionName,
      shardItems,
    });
  }

  async runWorker(queue = this.queue()): Promise<InsertStats> {
    const pipeline = await this.pipeline();
    return (await pipeline.fleet.work(queue, { collectionName })).done;
  }

  async [Symbol.asyncDispose]() {
    for (const pipeline of this.#pipelines) await pipeline.close();
    rmSync(this.folder, { recursive: true });
  }
}

describe("a fleet", () => {
  test("two workers store what one ingestion would store, once, and one of them does the upkeep", async () => {
    await using yard = new Yard();
    yard.files("photos", 47);
    yard.files("photos/2024", 30);
    yard.files("photos/2025.a", 25);
    const counts = await yard.distribute(["photos"]);
    assert.deepEqual(counts, { shards: 11, items: 102, added: 11 });
    const reports = await Promise.all([yard.runWorker(), yard.runWorker()]);
    assert.equal(
      reports.reduce((sum, { stored }) => sum + stored, 0),
      102,
    );
    assert.deepEqual(await storedIds(yard), await listedIds([join(yard.folder, "photos")]));
    const status = await yard.queue().status();
    assert.deepEqual([status.shards.done, status.counts.stored, status.upkeep], [11, 102, "done"]);
  });

  test("distributing again adds nothing, and only the shards around a new file", async () => {
    await using yard = new Yard();
    yard.files("photos", 40);
    assert.deepEqual(await yard.distribute(["photos"]), { shards: 4, items: 40, added: 4 });
    assert.deepEqual(await yard.distribute(["photos"]), { shards: 4, items: 40, added: 0 });
    await yard.runWorker();
    assert.deepEqual(await yard.distribute(["photos"]), { shards: 4, items: 40, added: 0 });
    writeFileSync(join(yard.folder, "photos", "9999.jpg"), "new");
    assert.deepEqual(await yard.distribute(["photos"]), { shards: 5, items: 41, added: 1 });
    await yard.runWorker();
    assert.equal((await yard.queue().status()).counts.stored, 41);
  });

  test("manifests, lists, tables and archives are cut, and every image in them is stored with its id and metadata", async () => {
    await using yard = new Yard();
    yard.files("photos", 60);
    const name = (at: number) => `photos/${String(at).padStart(4, "0")}.jpg`;
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
    const lines = range(0, 25).map((at) => JSON.stringify({ input: name(at), id: `m${at}`, metadata: { at } }));
    writeFileSync(join(yard.folder, "m.jsonl"), `\uFEFF${lines.join("\n")}`);
    writeFileSync(join(yard.folder, "l.txt"), `${range(25, 36).map(name).join("\r\n")}\r\n`);
    writeFileSync(
      join(yard.folder, "t.csv"),
      `id,path,title\n${range(36, 48)
        .map((at) => `c${at},${name(at)},"a\nb"`)
        .join("\n")}\nbad,,x\n`,
    );
    await writeTar(join(yard.folder, "a.tar"), [
      { name: "x.jpg", bytes: Buffer.from("x") },
      { name: "y.jpg", bytes: Buffer.from("y") },
    ]);
    const columns = [
      { name: "id", data: range(0, 9).map((at) => `p${at}`), type: "STRING" as const },
      { name: "image", data: range(0, 9).map((at) => Buffer.from(`parquet ${at}`)), type: "BYTE_ARRAY" as const },
    ];
    await writeParquet(join(yard.folder, "p.parquet"), columns, 3);
    const counts = await yard.distribute(["m.jsonl", "l.txt", "t.csv", "a.tar", "p.parquet"], 6);
    assert.deepEqual(counts, { shards: 5 + 2 + 3 + 1 + 2, items: 25 + 11 + 13 + 9, added: 13 });
    const report = await yard.runWorker();
    assert.deepEqual([report.stored, report.failed], [25 + 11 + 12 + 2 + 9, 1]);
    const rows = await storedIds(yard);
    for (const id of ["m0", "m24", "c36", "c47", "p0", "p8"]) assert.ok(rows.includes(id), id);
  });

  test("a list from stdin names images in the queue, and its folders and archives are cut like any others", async () => {
    await using yard = new Yard();
    yard.files("photos", 30);
    yard.files("loose", 15);
    await writeTar(join(yard.folder, "a.tar"), [{ name: "x.jpg", bytes: Buffer.from("x") }]);
    const loose = Array.from({ length: 15 }, (_, at) => join(yard.folder, "loose", `${String(at).padStart(4, "0")}.jpg`));
    const list = [...loose, join(yard.folder, "photos"), join(yard.folder, "missing.jpg"), join(yard.folder, "a.tar")];
    const request = (text: string, separator: "newline" | "null" = "newline") => ({ stdin: () => Readable.from([text]), separator });
    const distribute = async (lists: ListedSources) =>
      (await yard.pipeline()).fleet.distribute(yard.queue(), { sources: ["-"], ...lists, collectionName, shardItems: 10 });
    assert.deepEqual(await distribute(request(list.join("\n"))), { shards: 2 + 3 + 1, items: 16 + 30, added: 6 });
    assert.equal((await distribute(request(`${list.join("\0")}\0`, "null"))).added, 0);
    const report = await yard.runWorker();
    assert.deepEqual([report.stored, report.failed], [15 + 30 + 1, 1]);
  });

  test("JSON lines from stdin, as sources and as a manifest, keep their ids and metadata", async () => {
    await using yard = new Yard();
    yard.files("photos", 20);
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => {
        const input = join(yard.folder, "photos", `${String(from + at).padStart(4, "0")}.jpg`);
        return JSON.stringify({ input, id: `m${from + at}`, metadata: { at: from + at } });
      }).join("\n");
    const { fleet } = await yard.pipeline();
    const shared = { collectionName, shardItems: 8 };
    const first = { ...shared, sources: ["-"], stdin: () => Readable.from([lines(0, 10)]) };
    assert.deepEqual(await fleet.distribute(yard.queue(), first), { shards: 2, items: 10, added: 2 });
    const second = { ...shared, sources: [], manifest: "-", stdin: () => Readable.from([`${lines(10, 20)}\nbad\n`]) };
    assert.deepEqual(await fleet.distribute(yard.queue(), second), { shards: 2, items: 11, added: 2 });
    const report = await yard.runWorker();
    assert.deepEqual([report.stored, report.failed], [20, 1]);
    const ids = Array.from({ length: 20 }, (_, at) => `m${at}`).sort();
    assert.deepEqual(await storedIds(yard), ids);
  });

  test("the last job of a worker that died is done by another one, once", async () => {
    await using yard = new Yard();
    yard.files("photos", 20);
    await yard.distribute(["photos"]);
    const events = new EventEmitter();
    let upkeeps = 0;
    const { openCollection } = yard.store;
    yard.store.openCollection = async (...args) => {
      const collection = await openCollection.apply(yard.store, args);
      collection.upkeep = async () => {
        upkeeps += 1;
        if (upkeeps > 1) return;
        const released = once(events, "released");
        events.emit("hangs");
        await released;
      };
      return collection;
    };
    const hangs = once(events, "hangs");
    const dying = memoryQueue({ work: yard.work, leaseMs: 50 });
    const { fleet } = await yard.pipeline();
    const first = await fleet.work(dying, { collectionName });
    await hangs;
    dying.crash();
    await Promise.all([yard.runWorker(), yard.runWorker()]);
    events.emit("released");
    await first.done;
    assert.equal(upkeeps, 2, "one that died, and one that ended");
    const { shards, counts, upkeep } = await yard.queue().status();
    assert.deepEqual([shards.done, shards.failed, counts.stored, upkeep], [2, 0, 20, "done"]);
  });

  test("an image that failed is an entry in the queue, and a retry puts it into a new shard", async () => {
    await using yard = new Yard();
    yard.files("photos", 20);
    rmSync(join(yard.folder, "photos", "0003.jpg"));
    writeFileSync(
      join(yard.folder, "list.txt"),
      Array.from({ length: 20 }, (_, at) => `photos/${String(at).padStart(4, "0")}.jpg`).join("\n"),
    );
    await yard.distribute(["list.txt"]);
    const report = await yard.runWorker();
    assert.deepEqual([report.stored, report.failed, report.deadLetters], [19, 1, 1]);
    const { fleet } = await yard.pipeline();
    assert.deepEqual(await fleet.retry(yard.queue()), { tried: 1, notTried: 0, shards: 0 });
    assert.deepEqual(await fleet.retry(yard.queue()), { tried: 0, notTried: 0, shards: 0 });
    assert.equal((await yard.runWorker()).failed, 1);
    writeFileSync(join(yard.folder, "photos", "0003.jpg"), "late");
    assert.deepEqual(await fleet.retry(yard.queue()), { tried: 1, notTried: 0, shards: 0 });
    assert.equal((await yard.runWorker()).deadLetters, 0);
    assert.deepEqual(await storedIds(yard), await listedIds([join(yard.folder, "photos")]));
  });

  test("products with one address that fails have an entry each, and a retry stores all of them", async () => {
    await using yard = new Yard();
    mkdirSync(join(yard.folder, "photos"));
    const line = (at: number) => JSON.stringify({ input: "photos/none.jpg", id: `sku-${at}` });
    writeFileSync(join(yard.folder, "m.jsonl"), Array.from({ length: 30 }, (_, at) => line(at)).join("\n"));
    await yard.distribute(["m.jsonl"]);
    const report = await yard.runWorker();
    assert.deepEqual([report.stored, report.failed, report.deadLetters], [0, 30, 30]);
    writeFileSync(join(yard.folder, "photos", "none.jpg"), "a picture");
    const { fleet } = await yard.pipeline();
    assert.deepEqual(await fleet.retry(yard.queue()), { tried: 30, notTried: 0, shards: 0 });
    const retried = await yard.runWorker();
    assert.deepEqual([retried.stored, retried.deadLetters], [30, 0]);
    assert.equal((await storedIds(yard)).length, 30);
  });

  test("an entry of an earlier version, which has the name of its source, is tried again and removed", async () => {
    await using yard = new Yard();
    yard.files("photos", 2);
    const path = (name: string) => join(yard.folder, "photos", name);
    const source = (name: string) => pathToFileURL(path(name)).href;
    await yard.distribute(["photos"]);
    await yard.runWorker();
    const old = (name: string) => ({
      source: source(name),
      code: "source_not_found",
      message: "x",
      attempts: 1,
      time: "2026-01-01T00:00:00.000Z",
    });
    for (const [name, id] of [
      ["late.jpg", "sku-1"],
      ["gone.jpg", "sku-2"],
    ] as const)
      yard.work.letters.set(source(name), JSON.stringify({ ...old(name), id }));
    writeFileSync(path("late.jpg"), "late");
    const { fleet } = await yard.pipeline();
    assert.deepEqual(await fleet.retry(yard.queue()), { tried: 2, notTried: 0, shards: 0 });
    const { stored, failed, deadLetters } = await yard.runWorker();
    assert.deepEqual([stored, failed, deadLetters], [1, 1, 1]);
    assert.deepEqual([...yard.work.letters.keys()], ["text:sku-2"]);
  });

  test("a drained worker gives its shard back, and another one stores only what is missing", async () => {
    await using yard = new Yard();
    yard.files("photos", 400);
    await yard.distribute(["photos"], 200);
    const { fleet } = await yard.pipeline();
    let stored = 0;
    const run = await fleet.work(yard.queue(), {
      collectionName,
      onOutcome: () => {
        stored += 1;
        if (stored === 100) run.drain();
      },
    });
    const first = await run.done;
    assert.equal(first.ended, "drained");
    assert.equal(first.abandoned, 0);
    assert.equal((await yard.queue().status()).shards.active, 0);
    const second = await yard.runWorker();
    assert.equal(first.stored + second.stored - second.reused, 400);
    const probes = 3 * 3;
    assert.equal(
      yard.embedded.reduce((sum, rows) => sum + rows, 0),
      400 + probes,
      "each image once, and the probe images of three pipelines",
    );
    assert.equal((await yard.queue().status()).counts.read, 400);
  });

  test("a shard whose worker has died is taken over, and the sum is that of the source", async () => {
    await using yard = new Yard();
    yard.files("photos", 60);
    await yard.distribute(["photos"], 20);
    const dead = memoryQueue({ work: yard.work, leaseMs: 50 });
    const lease = await dead.take({ signal: new AbortController().signal, whenDone: "end" });
    dead.crash();
    assert.ok(lease !== null);
    await yard.runWorker();
    const { counts, shards } = await yard.queue().status();
    assert.deepEqual([counts.stored, shards.done], [60, 3]);
  });

  test("a worker with another model or dimension is refused before its first shard, with both sides named", async () => {
    await using yard = new Yard();
    yard.files("photos", 5);
    await yard.distribute(["photos"]);
    const other = await yard.pipeline(16);
    await assert.rejects(other.fleet.work(yard.queue(), { collectionName }), { code: "dimension_mismatch", message: /8 numbers.*16/ });
    await assert.rejects(other.fleet.distribute(yard.queue(), { sources: [yard.folder], collectionName }), { code: "dimension_mismatch" });
    assert.equal((await yard.queue().status()).shards.waiting, 1);
    await yard.queue().cancel();
    const { fleet } = await yard.pipeline();
    await assert.rejects(fleet.work(yard.queue(), { collectionName }), { code: "fleet_not_found" });
  });

  test("a worker that starts while the store is away waits for it, and says so once", async () => {
    await using yard = new Yard();
    yard.files("photos", 20);
    await yard.distribute(["photos"]);
    let refusals = 2;
    const { openCollection } = yard.store;
    yard.store.openCollection = async (...args) => {
      refusals -= 1;
      if (refusals >= 0) throw new HeadraceError("store_unavailable", "the store is away");
      return openCollection.apply(yard.store, args);
    };
    const events: string[] = [];
    const { fleet } = await yard.pipeline();
    const observer = (event: RunEvent) => void (event.kind.startsWith("outage") && events.push(event.kind));
    const report = await (await fleet.work(yard.queue(), { collectionName, observer })).done;
    assert.deepEqual([report.ended, report.stored], ["completed", 20]);
    assert.deepEqual(events, ["outage-started", "outage-ended"]);
  });

  test("a store with one writer is refused, and a source that does not exist", async () => {
    await using yard = new Yard();
    const lancedb = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: yard.folder } }), { parts: "lazy" });
    await assert.rejects(lancedb.fleet.distribute(yard.queue(), { sources: [yard.folder], collectionName }), {
      code: "config_conflict",
      message: /many processes.*folder/,
    });
    await lancedb.close();
    await assert.rejects(yard.distribute(["nothing"]), { code: "source_failed" });
    assert.equal(await yard.queue().plan(), null);
  });

  test("a dry run counts, and adds nothing", async () => {
    await using yard = new Yard();
    yard.files("photos", 25);
    const { fleet } = await yard.pipeline();
    assert.deepEqual(await fleet.distribute(null, { sources: [yard.folder], collectionName, shardItems: 10 }), {
      shards: 3,
      items: 25,
      added: 0,
    });
    assert.equal(yard.embedded.length, 0);
    const away = await ImageEmbeddingPipeline.open(new ServiceConfig({ milvus: { host: "127.0.0.1", port: 1 } }), { parts: "lazy" });
    assert.equal((await away.fleet.distribute(null, { sources: [yard.folder], collectionName })).items, 25);
    await away.close();
  });

  test("a worker that cannot see the source ends, and leaves the shards to others", async () => {
    await using yard = new Yard();
    yard.files("photos", 1);
    for (const part of ["a", "b", "c", "d"]) writeFileSync(join(yard.folder, `${part}.txt`), "photos/0000.jpg\n");
    await yard.distribute(["a.txt", "b.txt", "c.txt", "d.txt"]);
    for (const part of ["a", "b", "c", "d"]) rmSync(join(yard.folder, `${part}.txt`));
    const report = await yard.runWorker();
    assert.equal(report.ended, "failed");
    assert.equal(report.error?.code, "source_failed");
    const { waiting, failed } = (await yard.queue().status()).shards;
    assert.deepEqual([waiting, failed], [4, 0]);
  });
});

async function storedIds(yard: Yard): Promise<readonly string[]> {
  const collection = await yard.store.openCollection(collectionName, "read");
  const ids: string[] = [];
  for await (const rows of collection.scan({ vectors: "omit" })) ids.push(...rows.map(({ id }) => String(id)));
  return ids.sort();
}

async function listedIds(paths: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of listImages({ paths })) ids.push(String(id));
  return ids.sort();
}
