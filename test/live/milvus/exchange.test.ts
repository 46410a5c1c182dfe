/** The exchange of the exact index for the wanted one: refused, failed, stopped or killed, it leaves a collection that is searched. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder } from "../../../src/adapters/memory/index.js";
import type { MilvusStore } from "../../../src/adapters/milvus/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import { type Collection, HeadraceError } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const rows = 300;
const dimension = 32;
const hnsw = { indexType: "HNSW" } as const;

describe("the exchange of an index", { skip: missing }, () => {
  const live = new LiveMilvus("exchange_");

  it("an index that the server refuses is refused before anything is dropped, with what is stored and what to do", async () => {
    const { writer, name } = await filled("exchange_refused");
    await writer.close();
    const wrong = await (await live.store({ indexType: "GPU_CAGRA" })).openCollection(name, "write");
    await assert.rejects(wrong.upkeep("owed", calm), (error) => {
      assert.ok(HeadraceError.is(error));
      assert.equal(error.code, "config_invalid");
      assert.match(error.message, /GPU_CAGRA.*rows are stored.*searched exactly/);
      assert.match(error.hint, /collection compact/);
      return true;
    });
    await isServed(name, { index: "none", note: "pending" });
    const right = await (await live.store(hnsw)).openCollection(name, "write");
    await right.upkeep("owed", calm);
    await isServed(name, { index: "HNSW", note: "built" });
  });

  it("an index that cannot be made after the exact one was dropped leaves the exact one again", async () => {
    const { writer, store, name } = await filled("exchange_failed");
    const { client } = connectionOf(store);
    const create = client.createIndex.bind(client);
    const asked: string[] = [];
    client.createIndex = async (request) => {
      const { index_type: type = "" } = request as { index_type?: string };
      asked.push(type);
      // The first question finds the place taken; the second one is meant.
      if (asked.length === 2) return { error_code: "UnexpectedError", reason: "no space left in the index store", code: 65535 } as never;
      return create(request as never);
    };
    await assert.rejects(
      writer.upkeep("owed", calm),
      (error) => HeadraceError.is(error) && /no space left.*rows are stored/.test(error.message),
    );
    assert.deepEqual(asked, ["HNSW", "HNSW", "FLAT"]);
    await isServed(name, { index: "none", note: "pending" });
    await writer.upkeep("owed", calm);
    await isServed(name, { index: "HNSW", note: "built" });
  });

  const steps = ["flush", "releaseCollection", "dropIndex", "createIndex", "loadCollectionAsync", "alterCollectionProperties"] as const;
  for (const step of steps) {
    it(`stopped while ${step} hangs, it rejects at once; what was begun is ended by closing`, async () => {
      const { writer, store, name } = await filled(`exchange_stopped_${step.toLowerCase()}`);
      const { client } = connectionOf(store);
      const original = client[step].bind(client) as (...args: unknown[]) => Promise<unknown>;
      const stopping = new AbortController();
      const gate = new AbortController();
      const hang = async (...args: unknown[]) => {
        stopping.abort();
        if (!gate.signal.aborted) await once(gate.signal, "abort");
        return original(...args);
      };
      Object.assign(client, { [step]: hang });
      await assert.rejects(writer.upkeep("owed", stopping.signal), (error) => HeadraceError.is(error) && error.code === "aborted");
      gate.abort();
      await writer.close();
      const found = await (await live.store(hnsw)).openCollection(name, "write");
      await answers(found);
      await found.upkeep("owed", calm);
      await isServed(name, { index: "HNSW", note: "built" });
    });
  }

  it("killed at any step, the next one that opens the collection finds it searched, also for reading", async () => {
    const script = new URL("./killed-exchange.js", import.meta.url).pathname;
    const [host = "", port = ""] = live.server.address.split(":");
    const points = ["alterCollectionProperties", "releaseCollection", "dropIndex", "createIndex", "loadCollectionAsync"];
    await Promise.all(
      points.map(async (point) => {
        const { writer, name } = await filled(`exchange_killed_${point.toLowerCase()}`);
        await writer.close();
        const child = execFile(process.execPath, [script, host, port, name, point]);
        const [, signal] = (await once(child, "exit")) as [number | null, string | null];
        assert.equal(signal, "SIGKILL", point);
        const reader = await (await live.store(hnsw)).openCollection(name, "read");
        await answers(reader);
        const next = await (await live.store(hnsw)).openCollection(name, "write");
        await next.upkeep("owed", calm);
        await isServed(name, { index: "HNSW", note: "built" });
      }),
    );
  });

  it("the index that one writer built stays when another one ends later, and when both end at once", async () => {
    const { writer, store, name } = await filled("exchange_second");
    const second = await (await live.store(hnsw)).openCollection(name, "write");
    await second.upsert(rowsOf(keys(50, 5000), { dimension }), calm);
    const later = await (await live.store(hnsw)).openCollection(name, "write");
    await later.upsert(rowsOf(keys(50, 7000), { dimension }), calm);
    await Promise.all([writer.upkeep("owed", calm), second.upkeep("owed", calm)]);
    const built = await indexId(store, name);
    await later.upkeep("owed", calm);
    assert.equal(await indexId(store, name), built, "of one that was opened before");
    const third = await (await live.store(hnsw)).openCollection(name, "write");
    await third.upsert(rowsOf(keys(50, 6000), { dimension }), calm);
    await second.upkeep("owed", calm);
    await third.upkeep("all", calm);
    assert.equal(await indexId(store, name), built);
    await isServed(name, { index: "HNSW", note: "built" });
    assert.equal(await third.count(), rows + 150);
  });

  it("an index that the server is building already is waited for, not begun anew", async () => {
    const { writer, store, name } = await filled("exchange_begun");
    const { client } = connectionOf(store);
    await client.releaseCollection({ collection_name: name });
    await client.dropIndex({ collection_name: name, field_name: "vector", index_name: "headrace_exact" });
    const params = { M: 16, efConstruction: 256 };
    const index = { collection_name: name, field_name: "vector", index_type: "HNSW", metric_type: "COSINE", params };
    assert.equal((await client.createIndex(index as never)).error_code, "Success");
    const begun = await indexId(store, name);
    await writer.upkeep("owed", calm);
    assert.equal(await indexId(store, name), begun);
    await isServed(name, { index: "HNSW", note: "built" });
  });

  it("an index that is slower than the patience of a run is served meanwhile, and the next run waits for the same one", async () => {
    const name = "exchange_slow";
    const slow = { ...hnsw, efConstruction: 512, M: 64 };
    const writer = await (await live.store({ ...slow, maxStall: 0.5 })).create(name, { dimension, metric: "cosine", passport: null });
    const batch = rowsOf(keys(20_000), { dimension });
    assert.deepEqual(await writer.upsert(batch, calm), []);
    while (!(await isLoaded(name))) await delay(100);
    const upkeep = async (): Promise<HeadraceError> => {
      const error = await writer.upkeep("owed", calm).then(
        () => assert.fail("expected no index within half a second, found one"),
        (thrown: unknown) => thrown,
      );
      assert.ok(HeadraceError.is(error) && error.code === "timed_out", String(error));
      return error;
    };
    let error = await upkeep();
    // On a busy machine, loading the rows before the build can take longer than the patience too.
    for (let tries = 0; tries < 20 && error.message.startsWith("load "); tries += 1) error = await upkeep();
    assert.match(error.message, /build the index of exchange_slow.*milvus\.max_stall.*rows are stored/);
    await isServed(name, { index: "HNSW", note: "building" }, batch);
    const store = await live.store(slow);
    const begun = await indexId(store, name);
    const next = await store.openCollection(name, "write");
    await next.upkeep("owed", calm);
    assert.equal(await indexId(store, name), begun, "not begun anew");
    await isServed(name, { index: "HNSW", note: "built" }, batch);
    assert.equal(await next.count(), 20_000);
  });

  it("a run that stores nothing builds the index that an earlier one left", async () => {
    const name = "exchange_left";
    const inputs = [{ input: Uint8Array.of(1, 2, 3), id: "only" }];
    const insert = async (index: "never" | "auto") => {
      const own = { decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension }) };
      const config = new ServiceConfig({ milvus: live.settings(hnsw), insert: { index } });
      const pipeline = await ImageEmbeddingPipeline.open(config, { own });
      const { stats } = await pipeline.insertImagesAsync({ collectionName: name, inputs });
      await pipeline.close();
      return [stats.stored, stats.upkeepError];
    };
    const indexed = async () => (await (await (await live.store(hnsw)).openCollection(name, "read")).stats()).index;
    assert.deepEqual([await insert("never"), await indexed()], [[1, undefined], "none"]);
    assert.deepEqual([await insert("auto"), await indexed()], [[0, undefined], "HNSW"]);
  });

  it("a run with insert.index never builds none, whatever is owed; building all builds it", async () => {
    const name = "exchange_never";
    const never = async () => live.store(hnsw, { index: "never" });
    const writer = await (await never()).create(name, { dimension, metric: "cosine", passport: null });
    assert.deepEqual(await writer.upsert(rowsOf(keys(rows), { dimension }), calm), []);
    await writer.upkeep("owed", calm);
    await isServed(name, { index: "none", note: "pending" });
    const later = await (await never()).openCollection(name, "write");
    await later.upkeep("all", calm);
    await isServed(name, { index: "HNSW", note: "built" });
  });

  it("pipelines that open and search meanwhile wait, and none of them fails", async () => {
    const { writer, name } = await filled("exchange_watched");
    const strong = { ...hnsw, consistencyLevel: "Strong" } as const;
    const held = await (await live.store(strong)).openCollection(name, "read");
    const ended = new AbortController();
    const watchers = [0, 1, 2, 3].map(async (at) => {
      const store = await live.store(strong);
      let found = 0;
      while (!ended.signal.aborted) {
        const collection = at === 0 ? held : await store.openCollection(name, "read");
        await answers(collection);
        found += 1;
      }
      return found;
    });
    const upkeep = writer.upkeep("owed", calm).finally(() => ended.abort());
    const [, ...counts] = await Promise.all([upkeep, ...watchers]);
    assert.ok(
      counts.every((found) => found > 0),
      counts.join(),
    );
    await isServed(name, { index: "HNSW", note: "built" });
  });

  /** A new collection with rows, whose index is owed. */
  async function filled(name: string): Promise<{ readonly writer: Collection; readonly store: MilvusStore; readonly name: string }> {
    const store = await live.store(hnsw);
    const writer = await store.create(name, { dimension, metric: "cosine", passport: null });
    assert.deepEqual(await writer.upsert(rowsOf(keys(rows), { dimension }), calm), []);
    return { writer, store, name };
  }

  async function answers(collection: Collection, { vectors } = rowsOf(keys(rows), { dimension })): Promise<void> {
    const query = vectors.slice(0, dimension);
    const [hits] = await collection.search([query], { topK: 1 });
    assert.equal(hits?.[0]?.id, keys(1)[0]);
  }

  /** As the server sees it, before anybody opens it again. */
  async function isServed(
    name: string,
    expected: { readonly index: string; readonly note: string },
    batch = rowsOf(keys(rows), { dimension }),
  ): Promise<void> {
    const { client } = connectionOf(await live.store(hnsw));
    assert.notEqual(String((await client.getLoadState({ collection_name: name })).state), "LoadStateNotLoad");
    const { properties } = await client.describeCollection({ collection_name: name });
    assert.equal(properties.find(({ key }) => key === "headrace.index")?.value, expected.note);
    const collection = await (await live.store(hnsw)).openCollection(name, "read");
    assert.equal((await collection.stats()).index, expected.index);
    await answers(collection, batch);
  }

  async function isLoaded(name: string): Promise<boolean> {
    const { client } = connectionOf(await live.store(hnsw));
    return String((await client.getLoadState({ collection_name: name })).state) === "LoadStateLoaded";
  }

  async function indexId(store: MilvusStore, name: string): Promise<number | undefined> {
    const { client } = connectionOf(store);
    const { index_descriptions } = await client.describeIndex({ collection_name: name });
    return index_descriptions.find(({ field_name }) => field_name === "vector")?.indexID;
  }
});
