/** Several writers, kills, hostile names and indexes, against a real PostgreSQL. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, it } from "node:test";
import { type PostgresStore, postgresStore } from "../../../src/adapters/postgres/index.js";
import { type Collection, HeadraceError, type UpkeepProgress } from "../../../src/contracts/index.js";
import { parseFilter } from "../../../src/filter/index.js";
import { calm, unitVector } from "../../conformance/store-rows-data.js";
import { installPostgres, type PostgresServer, startPostgres } from "../../support/services/postgres.js";
import { skipUnless } from "../../support/services/required.js";
import { keys, rowsOf } from "../milvus/rows.js";

const skip = await skipUnless("PostgreSQL", installPostgres);

describe("collections in PostgreSQL", { skip }, () => {
  let server: PostgresServer;
  const stores: PostgresStore[] = [];
  const open = async (section: Parameters<typeof postgresStore>[0] = {}): Promise<PostgresStore> => {
    const store = postgresStore({ url: server.url, ...section });
    await store.open(calm);
    stores.push(store);
    return store;
  };
  before(async () => {
    server = await startPostgres(["max_connections=40"]);
  });
  after(async () => {
    for (const store of stores) await store.close();
    await server?.stop();
  });

  it("writers that replace the same rows in different orders do not disturb each other, and each row is there once", async () => {
    const [first, second] = [await open(), await open()];
    const created = await first.create("same_rows", { dimension: 8, metric: "cosine", passport: null });
    const other = await second.openCollection("same_rows", "write");
    const ids = keys(500);
    const writes = Array.from({ length: 12 }, (_, at) => {
      const own = at % 2 === 0 ? ids : ids.toReversed();
      return (at % 3 === 0 ? created : other).upsert(rowsOf(own, { version: String(at) }), calm);
    });
    assert.deepEqual((await Promise.all(writes)).flat(), []);
    assert.equal(await created.count(), ids.length);
    const versions = new Set([...(await created.known(ids, calm)).values()].map(({ version }) => version));
    assert.equal(versions.size, 1, "the last batch replaced all rows");
  });

  it("rows that are inserted only if they are absent are written by exactly one of several writers", async () => {
    const stores = [await open(), await open(), await open()];
    await stores[0]!.create("absent_rows", { dimension: 8, metric: "cosine", passport: null });
    const writers = await Promise.all(stores.map((store) => store.openCollection("absent_rows", "write")));
    const ids = keys(300);
    const results = await Promise.all(writers.map((writer, at) => writer.insertAbsent!(rowsOf(ids, { version: String(at) }), calm)));
    const written = results.reduce((sum, { present }) => sum + ids.length - present.length, 0);
    assert.equal(written, ids.length);
    assert.equal(await writers[0]!.count(), ids.length);
  });

  it("collections and aliases that are made at the same time by several processes are made once", async () => {
    const stores = [await open(), await open(), await open()];
    const made = await Promise.allSettled(
      stores.map((store) => store.create("made_at_once", { dimension: 8, metric: "cosine", passport: null })),
    );
    assert.equal(made.filter(({ status }) => status === "fulfilled").length, 1);
    for (const each of made) if (each.status === "rejected") assert.equal((each.reason as HeadraceError).code, "collection_exists");
  });

  it("names of tables with quotes, spaces and SQL in them are names", async () => {
    for (const [schema, tablePrefix] of [
      [`a"b; DROP TABLE x --`, `it's "so" $1 \\ `],
      ["Größe", "%s_"],
    ] as const) {
      const store = await open({ schema, tablePrefix });
      const collection = await store.create("rows", { dimension: 8, metric: "l2", passport: null });
      assert.deepEqual(await collection.upsert(rowsOf(keys(20)), calm), []);
      await collection.buildIndex("vector", calm);
      await collection.buildIndex("index", calm);
      assert.equal((await collection.search([new Float32Array(8)], { topK: 3 }))[0]?.length, 3);
      assert.deepEqual((await collection.stats()).indexedKeys, ["index"]);
      assert.deepEqual(
        (await store.list()).map(({ name }) => name),
        ["rows"],
      );
      await store.drop("rows");
    }
  });

  it("the index is built at the end of a load, reports progress, and a filter that few rows pass still finds all of them", async () => {
    const store = await open({ indexFrom: 1000, efSearch: 10 });
    const collection = await store.create("indexed", { dimension: 8, metric: "cosine", passport: null });
    await write(collection, 999);
    await collection.upkeep("owed", calm);
    assert.equal((await collection.stats()).index, "none");
    await write(collection, 3000);
    const progress: UpkeepProgress[] = [];
    await collection.upkeep("owed", calm, { onProgress: (each) => progress.push(each) });
    assert.equal((await collection.stats()).index, "hnsw");
    for (const { share } of progress) assert.ok(share === null || (share >= 0 && share <= 1));
    const filter = parseFilter("index in [3, 1500, 2999]");
    const [hits] = await collection.search([unitVector(5, 8)], { topK: 10, filter });
    assert.deepEqual(hits!.map(({ facts }) => facts.metadata["index"]).sort(), [1500, 2999, 3]);
    assert.equal((await collection.search([unitVector(5, 8)], { topK: 1000 }))[0]!.length, 1000);
  });

  it("a build that was stopped leaves nothing that stands in the way, and ends within a second", async () => {
    const store = await open({ indexFrom: 1000, efConstruction: 500, m: 64 });
    const collection = await store.create("stopped", { dimension: 64, metric: "cosine", passport: null });
    await write(collection, 20_000, 64);
    const stop = new AbortController();
    const progress = new EventEmitter();
    const building = collection.buildIndex("vector", stop.signal, { onProgress: () => progress.emit("seen") });
    const ended = building.then(
      () => null,
      (error: unknown) => error,
    );
    await once(progress, "seen");
    const stoppedAt = performance.now();
    stop.abort();
    const error = await ended;
    assert.ok(HeadraceError.is(error) && error.code === "aborted", String(error));
    assert.ok(performance.now() - stoppedAt < 1000);
    await collection.delete({ filter: parseFilter("index >= 1500") }, calm);
    assert.deepEqual(await collection.buildIndex("vector", calm), { column: "vector", type: "hnsw", outcome: "built", rows: 1500 });
  });

  it("two processes that build the same index at the same time build it once", async () => {
    const [first, second] = [await open(), await open()];
    const created = await first.create("built_once", { dimension: 8, metric: "cosine", passport: null });
    await write(created, 3000);
    const other = await second.openCollection("built_once", "write");
    const built = await Promise.all([created.buildIndex("vector", calm), other.buildIndex("vector", calm)]);
    assert.deepEqual(built.map(({ outcome }) => outcome).sort(), ["built", "unchanged"]);
  });

  it("a batch that is larger than one statement may be is written in several", async () => {
    const store = postgresStore({ url: server.url }, { maxBytesMb: 1 });
    await store.open(calm);
    stores.push(store);
    const collection = await store.create("large_batches", { dimension: 512, metric: "l2", passport: null });
    const [ids, more] = [keys(1500), keys(2000)];
    assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension: 512 }), calm), []);
    const { present } = await collection.insertAbsent!(rowsOf(more, { dimension: 512 }), calm);
    assert.equal(present.length, ids.length);
    assert.equal(await collection.count(), more.length);
  });

  it("vectors of float16 are half vectors, and are found", async () => {
    const store = await open({ vectorType: "float16", indexType: "ivfflat" });
    const collection = await store.create("halves", { dimension: 8, metric: "ip", passport: null });
    await write(collection, 500);
    assert.equal((await collection.buildIndex("vector", calm)).type, "ivfflat");
    assert.equal((await server.sql("SELECT pg_typeof(embedding) FROM halves LIMIT 1")).trim(), "halfvec");
    assert.equal((await collection.search([unitVector(1, 8)], { topK: 500 }))[0]!.length, 500);
  });

  it("a row with a zero byte fails alone, because PostgreSQL stores none", async () => {
    const store = await open();
    const collection = await store.create("zero_bytes", { dimension: 8, metric: "cosine", passport: null });
    const metadata = (index: number) => (index === 1 ? { note: "x\0y" } : {});
    const failures = await collection.upsert(rowsOf(["a\0b", "b", "c"], { metadata }), calm);
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code]),
      [
        [0, "id_invalid"],
        [1, "metadata_type"],
      ],
    );
    assert.equal(await collection.count(), 1);
    assert.equal(await collection.count(parseFilter('id > "c\\u0000"')), 0);
    assert.equal(await collection.count(parseFilter('id < "c\\u0000" and not id == "c\\u0000"')), 1);
  });

  it("killed while 8,000 rows are written, the server holds each of them once", async () => {
    const store = await open({ timeout: 10 });
    const collection = await store.create("killed_rows", { dimension: 64, metric: "cosine", passport: null });
    const all = keys(8000);
    const progress = new EventEmitter();
    let away = 0;
    const worker = async (first: number) => {
      for (let at = first; at < 40; at += 4) {
        away += await persist(collection, all.slice(at * 200, (at + 1) * 200));
        progress.emit("written");
      }
    };
    const killer = async () => {
      for (let batches = 0; batches < 12; batches += 1) await once(progress, "written");
      await server.kill();
      await server.restart();
    };
    await Promise.all([killer(), ...[0, 1, 2, 3].map(worker)]);
    assert.ok(away > 0, "writers noticed");
    assert.equal(await collection.count(), all.length);
    assert.equal((await collection.known(all, calm)).size, all.length);
  });

  it("a lock that another client holds ends a call after the timeout", async () => {
    const store = await open({ timeout: 1 });
    const collection = await store.create("locked_rows", { dimension: 8, metric: "cosine", passport: null });
    const lock = server.sql("BEGIN; LOCK TABLE locked_rows; SELECT pg_sleep(3); COMMIT");
    await waitForLock(server);
    await assert.rejects(collection.count(), { code: "timed_out", scope: "service", retryable: true });
    await lock;
    assert.equal(await collection.count(), 0);
  });

  it("a server that stands still ends calls after the timeout, or when they are aborted, and answers again when it goes on", async () => {
    const store = await open({ timeout: 1, poolSize: 2 });
    const collection = await store.create("frozen_rows", { dimension: 8, metric: "cosine", passport: null });
    const backends = (await server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'headrace'"))
      .trim()
      .split("\n")
      .map(Number);
    await server.pause();
    for (const pid of backends) process.kill(pid, "SIGSTOP");
    try {
      const away = (error: unknown) =>
        HeadraceError.is(error) && error.scope === "service" && error.retryable && ["timed_out", "store_unavailable"].includes(error.code);
      await Promise.all([1, 2, 3, 4].map(() => assert.rejects(collection.upsert(rowsOf(["a"]), calm), away)));
      const stop = new AbortController();
      const call = collection.known(["a"], stop.signal);
      stop.abort();
      await assert.rejects(call, { code: "aborted" });
    } finally {
      for (const pid of backends) process.kill(pid, "SIGCONT");
      server.resume();
    }
    assert.deepEqual(await collection.upsert(rowsOf(["a"]), calm), []);
    assert.equal(await collection.count(), 1);
  });

  it("a user who may not write is named before anything is embedded", async () => {
    const owner = await open();
    await owner.create("guarded", { dimension: 8, metric: "cosine", passport: null });
    await server.sql("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    const store = await open({ url: server.url.replace("headrace@", "reader@") });
    const collection = await store.openCollection("guarded", "write");
    await assert.rejects(collection.checkMayWrite!(calm), { code: "config_invalid", message: /guarded/ });
    await assert.rejects(collection.upsert(rowsOf(["a"]), calm), { code: "config_invalid" });
    assert.equal(await collection.count(), 0);
  });

  it("a database without the extension, for a user who may not create it, is named with the command that creates it", async () => {
    await server.sql("CREATE ROLE plain LOGIN");
    await server.sql("CREATE DATABASE bare OWNER plain");
    const store = postgresStore({ url: server.url.replace("headrace@", "plain@").replace(/headrace$/, "bare") });
    await assert.rejects(store.open(calm), { code: "config_invalid", hint: /CREATE EXTENSION vector/ });
  });

  it("more connections than the server has room for are an overload, which is tried again", async () => {
    await server.sql("ALTER ROLE headrace CONNECTION LIMIT 1; CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    const store = postgresStore({ url: server.url.replace("headrace@", "crowded@") });
    await assert.rejects(store.open(calm), { code: "overloaded", retryable: true });
  });
});

async function write(collection: Collection, rows: number, dimension = 8): Promise<void> {
  const all = keys(rows);
  for (let at = 0; at < rows; at += 1000) {
    const ids = all.slice(at, at + 1000);
    assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension, metadata: (index) => ({ index: at + index }) }), calm), []);
  }
}

/** Writes until the rows are durable, as long as the error says that the service is away, for a minute at most. Returns how often it was. */
async function persist(collection: Collection, ids: readonly string[]): Promise<number> {
  const until = performance.now() + 60_000;
  for (let away = 0; ; away += 1) {
    try {
      assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension: 64 }), calm), []);
      return away;
    } catch (error) {
      assert.ok(HeadraceError.is(error) && error.scope === "service" && error.retryable, `not a service's error: ${error}`);
      assert.ok(performance.now() < until, `the server stayed away: ${error}`);
      await new Promise((fulfil) => setTimeout(fulfil, 5));
    }
  }
}

async function waitForLock(server: PostgresServer): Promise<void> {
  const text = "SELECT count(*) FROM pg_locks WHERE relation = 'locked_rows'::regclass AND mode = 'AccessExclusiveLock' AND granted";
  while ((await server.sql(text)).trim() !== "1") await new Promise(setImmediate);
}
