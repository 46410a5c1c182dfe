/**
 * Keys that a run looks up: at first one query for each look-up, then all rows are read once; what is written meanwhile is seen. In a large
 * table, only hashes of the versions are kept.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import type { Collection, Key, KnownRow } from "../../src/contracts/index.js";
import { metadataHash } from "../../src/kit/index.js";
import { batchOf, calm, type TestRow } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

const rows = 3_000;

/** Open for writing, by one who does not know the rows; how often its table was queried since. */
async function filledIn({ store }: TestStore, name: string, rowFacts: (at: number) => Partial<TestRow> = () => ({})) {
  const made = await store.create(name, schema);
  await made.upsert(batchOf(rowsFrom(0, rows).map((row, at) => ({ ...row, ...rowFacts(at) }))), calm);
  await made.close();
  const collection = await store.openCollection(name, "write");
  assert.ok(collection instanceof LanceCollection);
  const { table } = collection.parts;
  const query = table.query.bind(table);
  let queries = 0;
  Object.defineProperty(table, "query", {
    value: () => {
      queries += 1;
      return query();
    },
  });
  return { collection, queries: () => queries };
}

describe("look-ups of a long run", { timeout: 60_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const filled = (name: string) => filledIn(test, name);

  const versions = async (collection: Collection, ids: readonly string[]) => {
    const known = await collection.known(ids, calm);
    return ids.map((id) => known.get(id)?.version ?? null);
  };

  async function lookUpAll(collection: Collection): Promise<void> {
    for (let start = 0; start < rows; start += 100) {
      const ids = Array.from({ length: 100 }, (_, at) => `row ${start + at}`);
      assert.deepEqual(await versions(collection, [...ids, `absent ${start}`]), [...ids.map((id) => `version of ${id}`), null]);
    }
  }

  it("are answered from memory once there were many", async () => {
    const { collection, queries } = await filled("many");
    await lookUpAll(collection);
    assert.ok(queries() < 15, `${queries()} queries for 30 look-ups`);
    const asked = queries();
    await lookUpAll(collection);
    assert.equal(queries(), asked);
    await collection.close();
  });

  it("see what was written and deleted since, through whichever handle", async () => {
    const { collection } = await filled("changing");
    await lookUpAll(collection);
    const other = await test.store.openCollection("changing", "write");
    await other.upsert(batchOf([{ id: "row 5", facts: { version: "new" } }, { id: "row 3000" }]), calm);
    assert.deepEqual(await versions(collection, ["row 4", "row 5", "row 3000", "row 3001"]), [
      "version of row 4",
      "new",
      "version of row 3000",
      null,
    ]);
    await other.delete({ ids: ["row 7", "row 3000"] }, calm);
    assert.deepEqual(await versions(collection, ["row 5", "row 7", "row 8", "row 3000"]), ["new", null, "version of row 8", null]);
    for (const id of ["row 5", "row 7"]) await other.upsert(batchOf([{ id, facts: { version: "again" } }]), calm);
    await collection.known(
      Array.from({ length: 1_200 }, (_, at) => `row ${at}`),
      calm,
    );
    assert.deepEqual(await versions(collection, ["row 5", "row 7", "row 8"]), ["again", "again", "version of row 8"]);
    await other.close();
    await collection.close();
  });

  it("for contents are answered from memory once there were many, unless the table may have them", async () => {
    const { collection, queries } = await filled("contents");
    const absent = (start: number) => Array.from({ length: 64 }, (_, at) => `no content ${start + at}`);
    for (let start = 0; start < 1_024; start += 64) assert.equal((await collection.byContent(absent(start), calm)).size, 0);
    const asked = queries();
    for (let start = 2_048; start < 6_400; start += 64) assert.equal((await collection.byContent(absent(start), calm)).size, 0);
    assert.equal(queries(), asked);
    const found = await collection.byContent([...absent(0), "content of row 7", "content of row 2999"], calm);
    assert.deepEqual([...found.keys()].sort(), ["content of row 2999", "content of row 7"]);
    await collection.close();
  });

  it("for contents see rows that are written before, while and after the contents are read", async () => {
    const { collection } = await filled("written");
    const other = await test.store.openCollection("written", "write");
    const write = (at: number) => other.upsert(batchOf([{ id: `later ${at}` }]), calm);
    await write(0);
    const writes = Promise.all([1, 2, 3].map(write));
    for (let start = 0; start < 1_024; start += 64) {
      await collection.byContent(
        Array.from({ length: 64 }, (_, at) => `no content ${start + at}`),
        calm,
      );
    }
    await writes;
    await write(4);
    await other.delete({ ids: ["row 5"] }, calm);
    const contents = [0, 1, 2, 3, 4].map((at) => `content of later ${at}`);
    const found = await collection.byContent([...contents, "content of row 5", "content of row 6"], calm);
    assert.deepEqual([...found.keys()].sort(), [...contents, "content of row 6"].sort());
    await other.close();
    await collection.close();
  });
});

describe("look-ups of a long run in a table that is too large for its versions", { timeout: 60_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore({ marks: { textRows: 1_000 } });
  });
  after(() => test.close());

  const idOf = (at: number) => `row ${at}`;
  const versionOf = (at: number) => `version of row ${at}`;

  /** Looks up all rows, with the versions that the caller expects. */
  async function lookUp(collection: Collection, expected: (at: number) => string = versionOf): Promise<ReadonlyMap<Key, KnownRow>> {
    const found = new Map<Key, KnownRow>();
    for (let start = 0; start < rows; start += 100) {
      const numbers = Array.from({ length: 100 }, (_, at) => start + at);
      const versions = new Map(numbers.map((at) => [idOf(at), expected(at)]));
      for (const [id, row] of await collection.known([...numbers.map(idOf), `absent ${start}`], calm, versions)) found.set(id, row);
    }
    return found;
  }

  const expectedRows = () =>
    new Map(rowsFrom(0, rows).map(({ id, metadata }, at) => [id, { version: versionOf(at), metadataHash: metadataHash(metadata) }]));

  it("are answered from memory for the expected versions and for absent rows, with the whole metadata hash", async () => {
    const { collection, queries } = await filledIn(test, "large");
    assert.deepEqual(await lookUp(collection), expectedRows());
    assert.ok(queries() < 15, `${queries()} queries for 30 look-ups`);
    const asked = queries();
    assert.deepEqual(await lookUp(collection), expectedRows());
    assert.equal(queries(), asked);
    await collection.close();
  });

  it("are a query where the row has another version, or where the caller expects none", async () => {
    const { collection, queries } = await filledIn(test, "other");
    await lookUp(collection);
    const asked = queries();
    const found = await collection.known(
      ["row 1", "row 2", "row 3"],
      calm,
      new Map([
        ["row 1", "newer"],
        ["row 2", versionOf(2)],
      ]),
    );
    assert.deepEqual(
      [1, 2, 3].map((at) => found.get(idOf(at))?.version),
      [1, 2, 3].map(versionOf),
    );
    assert.equal(queries(), asked + 1);
    assert.deepEqual(await lookUp(collection, (at) => (at % 100 === 0 ? "newer" : versionOf(at))), expectedRows());
    assert.equal(queries(), asked + 1 + rows / 100);
    await collection.close();
  });

  it("see what was written and deleted since", async () => {
    const { collection } = await filledIn(test, "changing");
    await lookUp(collection);
    await collection.upsert(batchOf([{ id: "row 5", facts: { version: "new" } }]), calm);
    assert.equal((await lookUp(collection)).get("row 5")?.version, "new");
    await collection.delete({ ids: ["row 7"] }, calm);
    const found = await lookUp(collection);
    assert.deepEqual([found.get("row 5")?.version, found.has("row 7"), found.size], ["new", false, rows - 1]);
    await collection.close();
  });

  it("are a query for rows whose metadata hash another program wrote", async () => {
    const isForeign = (at: number) => at === 9;
    const { collection, queries } = await filledIn(test, "foreign", (at) => (isForeign(at) ? { facts: { metadataHash: "none" } } : {}));
    await lookUp(collection);
    const asked = queries();
    assert.deepEqual((await lookUp(collection)).get("row 9"), { version: versionOf(9), metadataHash: "none" });
    assert.equal(queries(), asked + 1);
    await collection.close();
  });

  it("are a query each if the table has more rows than hashes may be kept", async () => {
    const small = await openTestStore({ marks: { textRows: 1_000, hashedRows: 2_000 } });
    const { collection, queries } = await filledIn(small, "larger");
    assert.deepEqual(await lookUp(collection), expectedRows());
    assert.equal(queries(), 30);
    await collection.close();
    await small.close();
  });

  it("count ids that are numbers in the same way", async () => {
    const numbered = await test.store.create("numbers", { ...schema, idType: "int64" });
    const ids = Array.from({ length: rows }, (_, at) => BigInt(at));
    await numbered.upsert(batchOf(ids.map((id) => ({ id }))), calm);
    await numbered.close();
    const collection = await test.store.openCollection("numbers", "write");
    const versions = new Map<Key, string>(ids.map((id) => [id, `version of ${id}`]));
    for (const round of [1, 2]) {
      const found = await collection.known([...ids, BigInt(rows)], calm, versions);
      assert.deepEqual([round, found.size, found.get(7n)?.version], [round, rows, "version of 7"]);
    }
    await collection.close();
  });
});
