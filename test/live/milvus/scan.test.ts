/** What a scan sees of the rows that other processes have written in the last seconds. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MilvusStore } from "../../../src/adapters/milvus/index.js";
import type { Collection } from "../../../src/contracts/index.js";
import { connectionOf } from "../../support/milvus-connections.js";
import { calm, keys, LiveMilvus, missing, rowsOf } from "./milvus.js";

/** What a query waits for. */
interface Waits {
  readonly consistency_level?: string;
  readonly guarantee_timestamp?: string;
}

const pageRows = 100;
const pages = 5;

describe("a scan in Milvus", { skip: missing }, () => {
  const live = new LiveMilvus("scan_");

  /** A collection with rows, and another store that has read it before. */
  async function written(name: string): Promise<{ readonly store: MilvusStore; readonly collection: Collection }> {
    const writer = await (await live.store()).create(name, { dimension: 8, metric: "l2", passport: null });
    const store = await live.store();
    const collection = await store.openCollection(name, "read");
    assert.equal(await collection.count(), 0);
    assert.deepEqual(await writer.upsert(rowsOf(keys(pages * pageRows)), calm), []);
    return { store, collection };
  }

  it("waits in each page for all rows that were acknowledged before the first one", async () => {
    const { store, collection } = await written("scan_moment");
    const asked = queriesOf(store);
    const before = await connectionOf(store).now();
    assert.equal(await rowsIn(collection), pages * pageRows);
    const [first, ...others] = asked;
    assert.ok(others.length >= pages - 1, `${asked.length} queries`);
    assert.ok(BigInt(first?.guarantee_timestamp ?? 0) >= before!, JSON.stringify(first));
    for (const each of others) assert.deepEqual(each, first);
  });

  it("asks every page strongly if the server does not tell the time", async () => {
    const { store, collection } = await written("scan_strong");
    connectionOf(store).now = () => Promise.resolve(null);
    const asked = queriesOf(store);
    assert.equal(await rowsIn(collection), pages * pageRows);
    assert.deepEqual(
      asked,
      asked.map(() => ({ consistency_level: "Strong" })),
    );
  });

  it("sees the rows that this process writes between two pages", async () => {
    const store = await live.store();
    const collection = await store.create("scan_own", { dimension: 8, metric: "l2", passport: null });
    assert.deepEqual(await collection.upsert(rowsOf(keys(pageRows)), calm), []);
    let seen = 0;
    for await (const rows of collection.scan({ vectors: "omit", batchRows: pageRows })) {
      if (seen === 0) assert.deepEqual(await collection.upsert(rowsOf(keys(pageRows / 2, pageRows)), calm), []);
      seen += rows.length;
    }
    assert.equal(seen, pageRows * 1.5);
  });

  it("of the server's clock gets moments that queries can wait for", async () => {
    const { store, collection } = await written("scan_clock");
    const connection = connectionOf(store);
    const [earlier, later] = [await connection.now(), await connection.now()];
    assert.ok(earlier !== null && later !== null && later > earlier);
    const aheadMs = 1_000;
    // The lower 18 bits of a timestamp count within a millisecond.
    const moment = later + (BigInt(aheadMs) << 18n);
    const began = performance.now();
    const answer = await connection.client.query({
      ...{ collection_name: collection.name, filter: "", output_fields: ["count(*)"] },
      ...{ consistency_level: "Session" as never, guarantee_timestamp: String(moment) },
    });
    assert.equal(answer.status.error_code, "Success", answer.status.reason);
    assert.ok(performance.now() - began > aheadMs / 2, "the query waits until then");
  });
});

async function rowsIn(collection: Collection): Promise<number> {
  let count = 0;
  for await (const rows of collection.scan({ vectors: "omit", batchRows: pageRows })) count += rows.length;
  return count;
}

/** What each query of the store waits for, from now on. */
function queriesOf(store: MilvusStore): readonly Waits[] {
  const { client } = connectionOf(store);
  const asked: Waits[] = [];
  const query = client.query.bind(client);
  client.query = async (request) => {
    const { consistency_level, guarantee_timestamp } = request as unknown as Waits;
    asked.push({
      ...(consistency_level === undefined ? {} : { consistency_level }),
      ...(guarantee_timestamp === undefined ? {} : { guarantee_timestamp }),
    });
    return query(request);
  };
  return asked;
}
