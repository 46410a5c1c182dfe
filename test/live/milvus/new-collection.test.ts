/** Several processes that begin one collection at once: one creates it, all write into it, one builds its index. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { HeadraceError, type Passport } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

const each = 150;
const dimension = 16;
const passport: Passport = { probes: [[1, 0]], labels: { model: "m" } };
const schema = { dimension, metric: "cosine", passport: null } as const;
const hnsw = { indexType: "HNSW" } as const;

interface Writer {
  readonly begin: () => void;
  readonly ended: Promise<End>;
}

interface End {
  readonly code: number | null;
  readonly errors: string;
  readonly said: unknown;
}

describe("a collection that several processes begin", { skip: missing }, () => {
  const live = new LiveMilvus("begun_");

  const cases = [
    ["2 at once", 2, 0],
    ["4 at once", 4, 0],
    ["4, one each 0.1 s", 4, 100],
    ["4, one each 0.25 s", 4, 250],
  ] as const;
  for (const [at, [title, count, staggerMs]] of cases.entries()) {
    it(`${title}: each of them ends well, and every row is there`, async () => {
      const name = `begun_${at}`;
      const writers = await Promise.all(Array.from({ length: count }, (_, index) => startWriter(name, index * each)));
      for (const writer of writers) {
        writer.begin();
        if (staggerMs > 0) await delay(staggerMs);
      }
      const ends = await Promise.all(writers.map(({ ended }) => ended));
      const well = { code: 0, errors: "", said: { ended: "completed", stored: each, failures: 0, upkeepError: null } };
      assert.deepEqual(
        ends,
        ends.map(() => well),
      );
      const collection = await (await live.store(hnsw)).openCollection(name, "read");
      const stats = await collection.stats();
      assert.deepEqual([stats.count, stats.index], [count * each, "HNSW"]);
    });
  }

  it("two creations at once in two connections: one creates, the other is told that it exists, and nothing is dropped", async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `begun_twice_${round}`;
      const stores = [await live.store(hnsw), await live.store(hnsw)];
      const made = await Promise.allSettled(stores.map((store) => store.create(name, schema)));
      const created = made.filter((one) => one.status === "fulfilled");
      assert.equal(created.length, 1, made.map((one) => (one.status === "rejected" ? String(one.reason) : "created")).join("; "));
      const refused: unknown = made.find((one) => one.status === "rejected")?.reason;
      assert.ok(HeadraceError.is(refused) && refused.code === "collection_exists", String(refused));
      assert.doesNotMatch(refused.hint, /drop/);
      await created[0]!.value.upsert(rowsOf(keys(3), { dimension }), calm);
      assert.equal(await (await stores[1]!.openCollection(name, "read")).count(), 3);
    }
  });

  it("a creation that fails late leaves a collection that others may have written to", async () => {
    const store = await live.store(hnsw);
    const { client } = connectionOf(store);
    const alter = client.alterCollectionProperties.bind(client);
    client.alterCollectionProperties = async () => {
      const other = await (await live.store(hnsw)).openCollection("begun_late", "write");
      await other.upsert(rowsOf(keys(5), { dimension }), calm);
      client.alterCollectionProperties = alter;
      return { error_code: "RateLimit", reason: "rate limit exceeded", code: 8 } as never;
    };
    await assert.rejects(store.create("begun_late", schema), (error) => HeadraceError.is(error) && error.code === "overloaded");
    assert.equal(await (await store.openCollection("begun_late", "read")).count(), 5);
  });

  it("a creation whose index is refused leaves nothing behind", async () => {
    const store = await live.store({ indexType: "GPU_CAGRA" });
    await assert.rejects(store.create("begun_refused", schema), (error) => HeadraceError.is(error) && error.code === "config_invalid");
    await assert.rejects(
      store.openCollection("begun_refused", "read"),
      (error) => HeadraceError.is(error) && error.code === "collection_not_found",
    );
  });

  it("a passport that another process wrote meanwhile is read, kept if it is the same, and not overwritten if it is not", async () => {
    const first = await (await live.store(hnsw)).create("begun_passport", schema);
    const second = await (await live.store(hnsw)).openCollection("begun_passport", "write");
    const third = await (await live.store(hnsw)).openCollection("begun_passport", "write");
    await first.setPassport(passport);
    await second.setPassport({ ...passport, labels: { model: "the same by another name" } });
    assert.deepEqual(second.passport, passport);
    const other: Passport = { probes: [[0, 1]], labels: { model: "other" } };
    assert.equal(third.passport, null);
    await assert.rejects(third.setPassport(other), (error) => HeadraceError.is(error) && error.code === "passport_mismatch");
    assert.deepEqual((await third.stats()).passport, passport);
    await second.setPassport(other);
    assert.deepEqual(
      (await (await live.store(hnsw)).openCollection("begun_passport", "read")).passport,
      other,
      "who has read it may replace it",
    );
  });

  /** Ready to begin; its errors are empty when all went well. */
  async function startWriter(name: string, from: number): Promise<Writer> {
    const [host = "", port = ""] = live.server.address.split(":");
    const script = new URL("./new-collection-writer.js", import.meta.url).pathname;
    const child = spawn(process.execPath, [script, host, port, name, String(from), String(each)], { stdio: ["pipe", "pipe", "pipe"] });
    const ended = endOf(child);
    await once(child.stdout, "data");
    return { begin: () => child.stdin.end("begin\n"), ended };
  }
});

async function endOf(child: ChildProcess): Promise<End> {
  let errors = "";
  let output = "";
  child.stderr?.on("data", (bytes) => {
    errors += String(bytes);
  });
  child.stdout?.on("data", (bytes) => {
    output += String(bytes);
  });
  const [code] = (await once(child, "close")) as [number | null];
  const said = output.replace("ready\n", "");
  return { code, errors, said: said === "" ? null : JSON.parse(said) };
}
