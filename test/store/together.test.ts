/** Batches that wait for LanceDB are written together, and rows with new keys are appended: no row is lost, stored twice, or blamed for another. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { MergeInsertBuilder } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import type { Collection, HeadraceError, RowBatch, RowFailure } from "../../src/contracts/index.js";
import { batchOf, calm, idsOf, type TestRow } from "../conformance/store-rows-data.js";
import { rowsFrom, schema } from "./rows.js";
import { openTestStore, type TestStore } from "./stores.js";

/** Lets LanceDB's writes wait for the test, or fail. */
class WatchedTable {
  /** Keys of each append, and of each merge. */
  readonly added: (readonly unknown[])[] = [];
  readonly merged: (readonly unknown[])[] = [];
  /** Awaited before rows are written. */
  before: (ids: readonly unknown[]) => Promise<void> | void = () => undefined;
  /** Called when they are durable. */
  after: () => void = () => undefined;

  constructor(collection: Collection) {
    assert.ok(collection instanceof LanceCollection);
    const { table } = collection.parts;
    const [add, mergeInsert] = [table.add.bind(table), table.mergeInsert.bind(table)];
    const write = async <T>(rows: ArrowTable, noted: (readonly unknown[])[], call: () => Promise<T>): Promise<T> => {
      const ids = [...rows.getChild("id")!] as unknown[];
      noted.push(ids);
      await this.before(ids);
      const result = await call();
      this.after();
      return result;
    };
    const merge = (builder: MergeInsertBuilder): object => ({
      whenMatchedUpdateAll: () => merge(builder.whenMatchedUpdateAll()),
      whenNotMatchedInsertAll: () => merge(builder.whenNotMatchedInsertAll()),
      useIndex: (use: boolean) => merge(builder.useIndex(use)),
      execute: (rows: ArrowTable) => write(rows, this.merged, () => builder.execute(rows)),
    });
    Object.defineProperty(table, "add", { value: (rows: ArrowTable) => write(rows, this.added, () => add(rows)) });
    Object.defineProperty(table, "mergeInsert", { value: (on: string) => merge(mergeInsert(on)) });
  }
}

/** A moment that the test waits for, or lets come. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe("rows that are written together", { timeout: 60_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  /** A collection whose first write is under way and waits for `go`, so that all others line up behind it. */
  async function lineUp(name: string) {
    const collection = await test.store.create(name, schema);
    const table = new WatchedTable(collection);
    const [begun, go] = [gate(), gate()];
    table.before = async () => {
      begun.open();
      await go.opened;
    };
    const first = collection.upsert(batchOf([{ id: "first" }]), calm);
    await begun.opened;
    table.before = () => undefined;
    return { collection, table, first, go };
  }

  const versionOf = async (collection: Collection, id: string) => (await collection.known([id], calm)).get(id)?.version;
  const outcome = (call: Promise<readonly RowFailure[]>) =>
    call.then(
      (failures) => failures.map(({ index, error }) => `${index} ${error.code}`).join() || "stored",
      (error: HeadraceError) => error.code,
    );

  it("what waits is one commit; each batch is answered when it is durable, and not before", async () => {
    const { collection, table, first, go } = await lineUp("waiting");
    let answered = 0;
    const others = Array.from({ length: 5 }, (_, at) =>
      collection.upsert(batchOf(rowsFrom(10 * at, 10)), calm).then((failures) => {
        answered += 1;
        return failures;
      }),
    );
    const durable: number[] = [];
    table.after = () => durable.push(answered);
    go.open();
    assert.deepEqual(await first, []);
    assert.deepEqual(await Promise.all(others), [[], [], [], [], []]);
    assert.deepEqual(
      table.added.map((ids) => ids.length),
      [1, 50],
    );
    assert.deepEqual(durable, [0, 0], "nobody was answered before");
    assert.equal(await collection.count(), 51);
    await collection.close();
  });

  it("a call of another kind keeps its place between the batches", async () => {
    const { collection, table, first, go } = await lineUp("in_order");
    const before = collection.upsert(batchOf([{ id: "a" }]), calm);
    const deleted = collection.delete({ ids: ["a", "b"] }, calm);
    const behind = collection.upsert(batchOf([{ id: "b" }]), calm);
    go.open();
    await Promise.all([first, before, behind]);
    assert.equal(await deleted, 1);
    assert.deepEqual(await idsOf(collection), ["b", "first"]);
    assert.equal(table.added.length, 3);
    await collection.close();
  });

  it("a batch that cannot be stored, or not whole, is not its neighbours' fault", async () => {
    const { collection, first, go } = await lineUp("neighbours");
    const wide: RowBatch = { ...batchOf([{ id: "wide", vector: [1, 0, 0, 0] }]), dimension: 2 };
    const outcomes = [
      collection.upsert(batchOf([{ id: "a", metadata: { year: 2020 } }]), calm),
      collection.upsert(wide, calm),
      collection.upsert(
        batchOf([
          { id: "b", metadata: { year: "text" } },
          { id: "c", metadata: { year: 2021 } },
        ]),
        calm,
      ),
      collection.upsert(batchOf([{ id: "d" }]), calm),
    ].map(outcome);
    go.open();
    await first;
    assert.deepEqual(await Promise.all(outcomes), ["stored", "dimension_mismatch", "0 metadata_type", "stored"]);
    assert.deepEqual(await idsOf(collection), ["a", "c", "d", "first"]);
    await collection.close();
  });

  it("when LanceDB refuses them together, each is tried alone, and only the refused one fails", async () => {
    const { collection, table, first, go } = await lineUp("refused");
    table.before = (ids) => {
      if (ids.includes("bad")) throw new Error("lance error: Invalid user input: planted");
    };
    const outcomes = ["a", "bad", "c"].map((id) => outcome(collection.upsert(batchOf([{ id }]), calm)));
    go.open();
    await first;
    assert.deepEqual(await Promise.all(outcomes), ["stored", "row_rejected", "stored"]);
    assert.deepEqual(await idsOf(collection), ["a", "c", "first"]);
    await collection.close();
  });

  it("a write that failed after it was durable is not stored twice when it is tried again", async () => {
    const { collection, table, first, go } = await lineUp("torn");
    const batches = [batchOf([{ id: "a" }]), batchOf([{ id: "b" }])];
    const failed = batches.map((batch) => outcome(collection.upsert(batch, calm)));
    table.after = () => {
      if (table.added.length > 1) throw new Error("Input/output error (os error 5)");
    };
    go.open();
    await first;
    assert.deepEqual(await Promise.all(failed), ["store_unavailable", "store_unavailable"]);
    assert.equal(await collection.count(), 3, "the rows were durable all the same");
    table.after = () => undefined;
    for (const batch of batches) assert.deepEqual(await collection.upsert(batch, calm), []);
    assert.deepEqual(await idsOf(collection), ["a", "b", "first"]);
    assert.equal(await collection.count(), 3);
    await collection.close();
  });

  it("batches that fail together share the error, so that it counts once", async () => {
    const { collection, table, first, go } = await lineUp("shared");
    table.before = () => {
      throw new Error("Input/output error (os error 5)");
    };
    const failed = ["a", "b", "c"].map((id) => collection.upsert(batchOf([{ id }]), calm).catch((error: unknown) => error));
    go.open();
    await first;
    const errors = await Promise.all(failed);
    assert.equal(new Set(errors).size, 1);
    assert.equal((errors[0] as HeadraceError).scope, "service");
    await collection.close();
  });

  it("of a key in several batches the last one wins, and all are answered", async () => {
    const { collection, first, go } = await lineUp("same_key");
    const batches = ["1", "2", "3"].map((version) => collection.upsert(batchOf([{ id: "a", facts: { version } }, { id: version }]), calm));
    go.open();
    await first;
    assert.deepEqual(await Promise.all(batches), [[], [], []]);
    assert.equal(await versionOf(collection, "a"), "3");
    assert.deepEqual(await idsOf(collection), ["1", "2", "3", "a", "first"]);
    assert.equal(await collection.count(), 5);
    await collection.close();
  });

  it("a batch whose caller gives up leaves the line, and the others are written", async () => {
    const { collection, first, go } = await lineUp("impatient");
    const stop = new AbortController();
    const left = outcome(collection.upsert(batchOf([{ id: "left" }]), stop.signal));
    const kept = collection.upsert(batchOf([{ id: "kept" }]), calm);
    stop.abort();
    assert.equal(await left, "aborted");
    go.open();
    await Promise.all([first, kept]);
    assert.deepEqual(await idsOf(collection), ["first", "kept"]);
    await collection.close();
  });
});

describe("rows whose keys are new", { timeout: 60_000 }, () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  const put = async (collection: Collection, rows: readonly TestRow[]) =>
    assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);

  it("are appended to a table that was empty; one that comes again is merged, through whichever handle, and after its row was deleted", async () => {
    const collection = await test.store.create("fresh", schema);
    const table = new WatchedTable(collection);
    await put(collection, rowsFrom(0, 50));
    await put(collection, rowsFrom(50, 50));
    assert.deepEqual([table.added.length, table.merged.length], [2, 0]);
    const other = await test.store.openCollection("fresh", "write");
    await put(other, [{ id: "row 99", facts: { version: "new" } }, { id: "row 100" }]);
    assert.deepEqual([table.added.at(-1), table.merged.length], [["row 100"], 1]);
    assert.equal(await collection.count(), 101);
    assert.equal(await other.delete({ ids: ["row 7"] }, calm), 1);
    await Promise.all([put(collection, [{ id: "row 7" }]), put(other, [{ id: "row 7" }])]);
    assert.equal(await collection.count(), 101);
    assert.deepEqual([...(await collection.known(["row 7", "row 99"], calm)).keys()].sort(), ["row 7", "row 99"]);
    await other.close();
    await collection.close();
  });

  it("numbers as keys are told apart too", async () => {
    const collection = await test.store.create("numbered", { ...schema, idType: "int64" });
    const ids = [0n, -1n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    for (let round = 0; round < 2; round += 1) {
      await put(
        collection,
        ids.map((id) => ({ id })),
      );
    }
    assert.equal(await collection.count(), ids.length);
    await collection.close();
  });

  it("a table that had rows is asked by merging, until so many came that its keys are read once", async () => {
    const made = await test.store.create("grown", schema);
    await put(made, rowsFrom(0, 2_000));
    await made.close();
    const collection = await test.store.openCollection("grown", "write");
    const table = new WatchedTable(collection);
    await put(collection, rowsFrom(1_900, 200));
    assert.deepEqual([table.added.length, table.merged.length], [0, 1]);
    await put(collection, rowsFrom(2_100, 900));
    await put(collection, rowsFrom(2_500, 1_000));
    assert.equal(table.added.flat().length, 900 + 500, "only new keys were appended");
    await put(collection, rowsFrom(0, 3_500));
    assert.equal(await collection.count(), 3_500);
    await collection.close();
  });
});
