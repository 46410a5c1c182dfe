/** Errors of the store that no row is to blame for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryStore } from "../adapters/memory/index.js";
import { HeadraceError, type Item, type Metadata, type Row, type Sink } from "../contracts/index.js";
import { storeSink } from "./store.js";

const calm = new AbortController().signal;

describe("the store's sink", () => {
  it("ends the run for an error that nobody knows, and names collection and rows", async () => {
    const sink = await failing(() => new TypeError("a panic"));
    await assert.rejects(
      sink.process([item("a.jpg"), item("b.jpg")], calm),
      (error) =>
        HeadraceError.is(error) &&
        error.code === "unexpected" &&
        error.scope === "run" &&
        /photos.*2 rows, the first from a\.jpg: a panic/.test(error.message),
    );
  });

  it("ends the run for a store that answers and fails in the same way time and again", async () => {
    const sink = await failing(() => new HeadraceError("store_unavailable", "the same"));
    const scopes = await scopesOf(sink, 5);
    assert.deepEqual(scopes, ["service", "service", "service", "service", "run"]);
  });

  it("writes rows in the order of the listing, because the first row with a metadata key decides its type", async () => {
    const sink = await failing(() => null);
    const listed = [item("a.jpg", { price: 1 }), item("b.jpg", { price: "free" }), item("c.jpg", { price: 2 })];
    const batch = [2, 1, 0].map((seq): Item<Row> => ({ ...listed[seq]!, seq }));
    const results = await sink.process(batch, calm);
    assert.deepEqual(results.map(({ kind, seq }) => [kind, seq]).sort(), [
      ["fail", 1],
      ["ok", 0],
      ["ok", 2],
    ]);
  });

  it("waits for a store that does not answer, however often it says the same", async () => {
    const sink = await failing(
      () => new HeadraceError("store_unavailable", "the same"),
      async () => {
        throw new HeadraceError("store_unavailable", "away");
      },
    );
    assert.deepEqual(new Set(await scopesOf(sink, 20)), new Set(["service"]));
  });

  it("waits while the failures differ, or a write succeeds in between", async () => {
    const changing = await failing((call) => new HeadraceError("store_unavailable", `failure ${call}`));
    assert.deepEqual(new Set(await scopesOf(changing, 20)), new Set(["service"]));
    const healing = await failing((call) => (call % 4 === 0 ? null : new HeadraceError("store_unavailable", "the same")));
    assert.deepEqual(new Set(await scopesOf(healing, 20)), new Set(["service", "stored"]));
  });

  it("leaves a store that asks for less to the engine", async () => {
    const sink = await failing(() => new HeadraceError("overloaded", "the same"));
    assert.deepEqual(new Set(await scopesOf(sink, 20)), new Set(["service"]));
  });
});

/** A sink whose n-th write fails with what `error` gives for it, unless that is null. */
async function failing(error: (call: number) => Error | null, check: () => Promise<void> = async () => undefined): Promise<Sink> {
  let calls = 0;
  const store = memoryStore({
    beforeCall: (call) => {
      if (call !== "upsert") return;
      calls += 1;
      const thrown = error(calls);
      if (thrown !== null) throw thrown;
    },
  });
  const collection = await store.create("photos", { dimension: 2, metric: "cosine", passport: null });
  return storeSink(collection, { now: () => 0, check });
}

async function scopesOf(sink: Sink, calls: number): Promise<readonly string[]> {
  const scopes: string[] = [];
  for (let call = 0; call < calls; call += 1) {
    scopes.push(
      await sink.process([item("a.jpg")], calm).then(
        () => "stored",
        (error: HeadraceError) => error.scope,
      ),
    );
  }
  return scopes;
}

function item(source: string, metadata: Metadata = {}): Item<Row> {
  const facts = { source, root: "", version: "1", content: "", metadata, metadataHash: "", width: 1, height: 1 };
  return { seq: 0, id: source, facts, bytes: 8, value: { vector: Float32Array.of(1, 0) } };
}
