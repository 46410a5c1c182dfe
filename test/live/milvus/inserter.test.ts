/** How rows reach Milvus: both request formats, split by bytes and by refusal, once for each key. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MilvusConnection } from "../../../src/adapters/milvus/connection/client.js";
import { declaredCollection } from "../../../src/adapters/milvus/options.js";
import { type Collection, HeadraceError, type Key, type RowBatch, type StoredRow } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

describe("inserter", { skip: missing }, () => {
  const live = new LiveMilvus("inserter_");

  for (const idType of ["text", "int64"] as const) {
    it(`a request encoded by hand and one of the SDK store the same rows (${idType} keys, declared fields)`, async () => {
      const fields = [
        { name: "year", type: "INT32" },
        { name: "far", type: "INT64" },
        { name: "small", type: "INT8" },
        { name: "rating", type: "DOUBLE" },
        { name: "half", type: "FLOAT" },
        { name: "keep", type: "BOOL" },
        { name: "camera", type: "VARCHAR", maxLength: 40 },
      ];
      const stored: (readonly StoredRow[])[] = [];
      for (const upsertPath of ["encoded", "sdk"] as const) {
        const name = `inserter_${idType}_${upsertPath}`;
        const store = await live.store({}, {}, { upsertPath, collections: [declaredCollection.parse({ name, schema: { fields } })] });
        const collection = await store.create(name, { dimension: 8, metric: "l2", idType, passport: null });
        const ids: Key[] = idType === "text" ? ["a", "é\u{1F600}", "\u0000'\"\\"] : [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 2n, -(2n ** 63n)];
        const batch = rowsOf(ids, {
          metadata: (index) => ({
            year: -2020 - index,
            far: 2 ** 52,
            small: -128 + index,
            rating: 4.25e-7,
            half: 0.5,
            keep: index % 2 === 0,
            camera: `X "100" ☃ ${index}`,
            free: `\n\t${index}`,
            number: 1e300,
            whole: 3,
            flag: false,
          }),
        });
        assert.deepEqual(await collection.upsert(batch, calm), []);
        const rows = await collection.get(ids, { vectors: "include" });
        assert.equal(rows.length, ids.length);
        for (const row of rows) {
          const index = ids.indexOf(row.id);
          assert.deepEqual(row.facts, batch.facts[index]);
          assert.deepEqual(row.vector, batch.vectors.slice(index * 8, (index + 1) * 8));
        }
        stored.push(rows);
        await store.drop(name);
      }
      const byKey = (rows: readonly StoredRow[]) => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(byKey(stored[0]!), byKey(stored[1]!));
    });
  }

  it("a batch above max_bytes_mb is sent in parts, and every row arrives once", async () => {
    const store = await live.store({}, { maxBytesMb: 1 });
    const collection = await store.create("inserter_bytes", { dimension: 512, metric: "l2", passport: null });
    const sent = requestsOf(connectionOf(store));
    const ids = keys(3000);
    assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension: 512 }), calm), []);
    assert.ok(sent.bytes.length >= 6, `${sent.bytes.length} requests`);
    assert.ok(Math.max(...sent.bytes) <= 2 ** 20, `largest request: ${Math.max(...sent.bytes)} bytes`);
    assert.equal(await collection.count(), 3000);
    assert.equal((await collection.known(ids, calm)).size, 3000);
  });

  it("a request that the server itself refuses as too large is halved until it passes", async () => {
    const store = await live.store({ timeout: 120 }, { maxBytesMb: 400 });
    const collection = await store.create("inserter_too_large", { dimension: 2048, metric: "l2", passport: null });
    const sent = requestsOf(connectionOf(store));
    const ids = keys(9000);
    assert.deepEqual(await collection.upsert(rowsOf(ids, { dimension: 2048 }), calm), []);
    assert.ok(sent.bytes[0]! > 64 * 2 ** 20, "the first request is above Milvus' limit");
    assert.ok(sent.bytes.length > 1, "it was split");
    assert.equal(await collection.count(), 9000);
  });

  it("a server that does not know the encoded request is sent rows the SDK's way, as soon as it has said so twice", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_fallback", { dimension: 8, metric: "l2", passport: null });
    let refused = 0;
    connectionOf(store).sendUpsert = async () => {
      refused += 1;
      throw Object.assign(new Error("12 UNIMPLEMENTED"), { code: 12 });
    };
    assert.deepEqual(await collection.upsert(rowsOf(keys(5)), calm), []);
    assert.deepEqual(await collection.upsert(rowsOf(keys(5, 5)), calm), []);
    assert.equal(refused, 2);
    assert.equal(await collection.count(), 10);
  });

  it("one 404 of a gateway in between does not change how the rest of the rows is sent", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_gateway", { dimension: 8, metric: "l2", passport: null });
    const connection = connectionOf(store);
    const send = connection.sendUpsert.bind(connection);
    let sent = 0;
    connection.sendUpsert = async (body, signal) => {
      sent += 1;
      if (sent === 1) throw Object.assign(new Error("12 UNIMPLEMENTED"), { code: 12, details: "Received HTTP status code 404" });
      return send(body, signal);
    };
    assert.deepEqual(await collection.upsert(rowsOf(keys(5)), calm), []);
    assert.deepEqual(await collection.upsert(rowsOf(keys(5, 5)), calm), []);
    assert.equal(sent, 3, "refused, sent again, and the second batch encoded too");
    assert.equal(await collection.count(), 10);
  });

  it("types of new metadata keys whose saving failed are saved before the next row is written", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_columns", { dimension: 8, metric: "l2", passport: null });
    const { client } = connectionOf(store);
    const alter = client.alterCollectionProperties.bind(client);
    let failures = 1;
    client.alterCollectionProperties = async (request) => {
      failures -= 1;
      if (failures >= 0) return { error_code: "RateLimit", reason: "rate limit exceeded", code: 8 } as never;
      return alter(request);
    };
    const batch = rowsOf(keys(1), { metadata: () => ({ year: 2020 }) });
    const refused = (error: unknown) => HeadraceError.is(error) && error.code === "overloaded";
    await assert.rejects(collection.upsert(batch, calm), refused);
    assert.equal(await collection.count(), 0, "no row whose types are not saved");
    assert.deepEqual(await collection.upsert(batch, calm), []);
    const other = await (await live.store()).openCollection("inserter_columns", "write");
    const [failure] = await other.upsert(rowsOf(keys(1, 1), { metadata: () => ({ year: "2020" }) }), calm);
    assert.equal(failure?.error.code, "metadata_type");
  });

  it("an alias that is moved during a run does not move the rows that follow", async (context) => {
    const store = await live.store();
    const { client } = connectionOf(store);
    context.after(() => client.dropAlias({ alias: "inserter_alias" }));
    const blue = await store.create("inserter_blue", { dimension: 8, metric: "l2", passport: null });
    const green = await store.create("inserter_green", { dimension: 8, metric: "l2", passport: null });
    assert.equal((await client.createAlias({ alias: "inserter_alias", collection_name: "inserter_blue" })).error_code, "Success");
    const writer = await store.openCollection("inserter_alias", "write");
    assert.deepEqual(await writer.upsert(rowsOf(keys(3)), calm), []);
    assert.equal((await client.alterAlias({ alias: "inserter_alias", collection_name: "inserter_green" })).error_code, "Success");
    assert.deepEqual(await writer.upsert(rowsOf(keys(3, 3)), calm), []);
    assert.deepEqual([await blue.count(), await green.count(), await writer.count()], [6, 0, 6]);
  });

  it("copies of one image whose vectors are more than one answer of Milvus holds are found, and others beside them", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_copies", { dimension: 1536, metric: "l2", passport: null });
    const copy = (batch: RowBatch) => ({ ...batch, facts: batch.facts.map((facts) => ({ ...facts, content: "the copy" })) });
    for (let from = 0; from < 18_000; from += 3000) {
      assert.deepEqual(await collection.upsert(copy(rowsOf(keys(3000, from), { dimension: 1536 })), calm), []);
    }
    const others = rowsOf(keys(30, 50_000), { dimension: 1536 });
    assert.deepEqual(await collection.upsert(others, calm), []);
    const wanted = ["the copy", ...others.facts.map(({ content }) => content), "absent"];
    const found = await collection.byContent(wanted, calm);
    assert.deepEqual([...found.keys()].sort(), wanted.filter((content) => content !== "absent").sort());
    assert.deepEqual(found.get(others.facts[7]!.content)?.vector, others.vectors.slice(7 * 1536, 8 * 1536));
  });

  it("rows that no column can hold fail alone", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_rejected", { dimension: 8, metric: "l2", passport: null });
    const batch = rowsOf(keys(4), { metadata: (index) => ({ note: index === 1 ? "x".repeat(70_000) : "short" }) });
    const facts = batch.facts.map((each, index) => (index === 2 ? { ...each, source: "é".repeat(40_000) } : each));
    const failures = await collection.upsert({ ...batch, facts }, calm);
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code, error.scope]),
      [
        [1, "row_rejected", "item"],
        [2, "row_rejected", "item"],
      ],
    );
    assert.equal(await collection.count(), 2);
  });

  it("the one int64 that Milvus never gives back is refused as a key", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_largest", { dimension: 8, metric: "l2", idType: "int64", passport: null });
    const failures = await collection.upsert(rowsOf([1n, 2n ** 63n - 1n]), calm);
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code]),
      [[1, "id_invalid"]],
    );
    assert.equal(await collection.count(), 1);
  });

  it("a declared field that a row lacks, or that its value does not fit, fails the row alone", async () => {
    const declared = declaredCollection.parse({ name: "inserter_declared", schema: { fields: [{ name: "year", type: "INT16" }] } });
    const store = await live.store({}, {}, { collections: [declared] });
    const collection = await store.create("inserter_declared", { dimension: 8, metric: "l2", passport: null });
    const years = [2020, null, 40_000, 1.5, 2021];
    const failures = await collection.upsert(rowsOf(keys(5), { metadata: (index) => ({ year: years[index]! }) }), calm);
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code]),
      [1, 2, 3].map((index) => [index, "metadata_type"]),
    );
    assert.equal(await collection.count({ kind: "compare", key: "year", operator: ">", value: 2020.5 }), 1);
    assert.equal(await collection.count({ kind: "not", filter: { kind: "compare", key: "year", operator: "==", value: "2020" } }), 2);
  });

  it("writers in parallel on the same keys store each key once", async () => {
    const store = await live.store();
    const first = await store.create("inserter_parallel", { dimension: 8, metric: "l2", passport: null });
    const handles: Collection[] = [
      first,
      await store.openCollection("inserter_parallel", "write"),
      await store.openCollection("inserter_parallel", "write"),
    ];
    await Promise.all(handles.flatMap((handle) => [0, 50, 100].map((from) => handle.upsert(rowsOf(keys(100, from)), calm))));
    assert.equal(await first.count(), 200);
  });

  it("known finds 20,000 keys that are there, and none of 20,000 that are not", async () => {
    const store = await live.store();
    const collection = await store.create("inserter_known", { dimension: 8, metric: "l2", passport: null });
    for (let from = 0; from < 20_000; from += 5000) await collection.upsert(rowsOf(keys(5000, from)), calm);
    assert.equal((await collection.known(keys(20_000), calm)).size, 20_000);
    assert.equal((await collection.known(keys(20_000, 500_000), calm)).size, 0);
  });
});

/** Sizes of the requests that the connection sends from now on. */
function requestsOf(connection: MilvusConnection): { readonly bytes: number[] } {
  const bytes: number[] = [];
  const send = connection.sendUpsert.bind(connection);
  connection.sendUpsert = async (body, signal) => {
    bytes.push(body.byteLength);
    return send(body, signal);
  };
  return { bytes };
}
