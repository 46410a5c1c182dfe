/** Upkeep that is stopped while LanceDB works on: it cannot be cancelled there, only left. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { Collection } from "../../src/contracts/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

/** A call of LanceDB that ends when the test says so. */
class SlowCall {
  readonly begun: Promise<void>;
  readonly end: () => void;
  /** The first argument of each call. */
  readonly calls: unknown[] = [];

  constructor(collection: Collection, method: "createIndex" | "optimize") {
    assert.ok(collection instanceof LanceCollection);
    let [begin, end] = [() => {}, () => {}];
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.end = end;
    Object.defineProperty(collection.parts.table, method, {
      value: (argument: unknown) => {
        this.calls.push(argument);
        begin();
        return ended;
      },
    });
  }
}

describe("upkeep that is stopped", { timeout: 60_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const lockOf = (name: string) => join(test.path, `${name}.lock`);

  async function inTheMiddle(name: string) {
    const collection = await test.store.create(name, { ...schema, index: "ivf_flat" });
    await collection.upsert(batchOf(rowsFrom(0, 300)), calm);
    const slow = new SlowCall(collection, "createIndex");
    const stop = new AbortController();
    const upkeep = collection.upkeep("owed", stop.signal);
    await slow.begun;
    return { collection, slow, stop, upkeep };
  }

  it("rejects at once, and so does closing end; the lock stays until LanceDB has ended", async () => {
    const { collection, slow, stop, upkeep } = await inTheMiddle("left");
    stop.abort();
    await assert.rejects(upkeep, { code: "aborted" });
    await collection.close();
    assert.equal(existsSync(lockOf("left")), true);
    await assert.rejects(test.store.drop("left"), { code: "lock_held" });

    const other = lancedbStore({ path: test.path });
    await other.open(calm);
    let isOpen = false;
    const opening = other.openCollection("left", "write").then((opened) => {
      isOpen = true;
      return opened;
    });
    assert.equal((await test.store.list()).length, 1, "reading goes on");
    assert.equal(isOpen, false);
    slow.end();
    await (await opening).close();
    assert.equal(existsSync(lockOf("left")), false);
    await other.close();
  });

  it("a handle that is opened meanwhile writes when LanceDB has ended, or stops waiting when it is told to", async () => {
    const { collection, slow, stop, upkeep } = await inTheMiddle("shared");
    stop.abort();
    await assert.rejects(upkeep, { code: "aborted" });
    await collection.close();
    const next = await test.store.openCollection("shared", "write");
    const impatient = new AbortController();
    const refused = next.upsert(batchOf([{ id: "refused" }]), impatient.signal);
    const order: string[] = [];
    const written = next.upsert(batchOf([{ id: "late" }]), calm).then(() => order.push("written"));
    impatient.abort();
    await assert.rejects(refused, { code: "aborted" });
    order.push("ended");
    slow.end();
    await written;
    assert.deepEqual(order, ["ended", "written"]);
    assert.deepEqual([...(await next.known(["late", "refused"], calm)).keys()], ["late"]);
    await next.close();
    assert.equal(existsSync(lockOf("shared")), false);
  });

  it("begins no further step", async () => {
    const collection = await test.store.create("steps", schema);
    await collection.upsert(batchOf(rowsFrom(0, 9_999)), calm);
    await collection.upsert(batchOf(rowsFrom(9_999, 1)), calm);
    const slow = new SlowCall(collection, "createIndex");
    const stop = new AbortController();
    const upkeep = collection.upkeep("owed", stop.signal);
    await slow.begun;
    stop.abort();
    await assert.rejects(upkeep, { code: "aborted" });
    slow.end();
    await collection.upsert(batchOf([{ id: "after" }]), calm);
    assert.deepEqual(slow.calls, ["id"]);
    await collection.upkeep("owed", calm);
    assert.deepEqual(slow.calls, ["id", "id", "content"]);
    await collection.close();
  });

  it("a long series of writes does not wait for its tidying either", async () => {
    const collection = await test.store.create("series", schema);
    for (let at = 0; at < 99; at += 1) await collection.upsert(batchOf(rowsFrom(at, 1)), calm);
    const slow = new SlowCall(collection, "optimize");
    const stop = new AbortController();
    const last = collection.upsert(batchOf(rowsFrom(99, 1)), stop.signal);
    await slow.begun;
    stop.abort();
    assert.deepEqual(await last, [], "the row was durable before, and is acknowledged");
    assert.equal(await collection.count(), 100);
    await collection.close();
    assert.equal(existsSync(lockOf("series")), true);
    slow.end();
  });
});
