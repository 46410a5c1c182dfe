import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batchOf, calm, factsOf, type TestRow } from "../../test/conformance/store-rows-data.js";
import { openTestStore } from "../../test/store/stores.js";
import { memoryStore } from "../adapters/memory/index.js";
import type { Collection, CollectionSchema, Passport, RowSource, RunReport, StoredRow, VectorStore } from "../contracts/index.js";
import { copy, previewCopy } from "./copy.js";
import { openCopyTarget } from "./copy-target.js";

const passport: Passport = {
  probes: [
    [0.6, 0.8],
    [1, 0],
    [0, 1],
  ],
  labels: { model: "one" },
};
const schema: CollectionSchema = { dimension: 4, metric: "cosine", passport };

async function filled(store: VectorStore, count: number, more: Partial<CollectionSchema> = {}): Promise<Collection> {
  const collection = await store.create("photos", { ...schema, ...more });
  const rows = Array.from({ length: count }, (_, at): TestRow => {
    const id = more.idType === "int64" ? BigInt(at) - 5n : `row ${at}`;
    return { id, metadata: { year: 2000 + (at % 20), camera: at % 2 === 0 ? "X" : null, keep: at % 3 === 0 } };
  });
  assert.deepEqual(await collection.upsert({ ...batchOf(rows), ingestedAt: rows.map((_, at) => 1_700_000_000_000 + at) }, calm), []);
  return collection;
}

interface Settings {
  readonly limit?: number;
  readonly signal?: AbortSignal;
  readonly onStored?: (stored: number) => void;
}

async function copied(origin: RowSource, store: VectorStore, settings: Settings = {}): Promise<RunReport> {
  const target = await openCopyTarget({ store, name: "copy", label: "copy" }, origin, calm);
  const { limit, signal, onStored } = settings;
  let stored = 0;
  try {
    return await copy({
      origin,
      target,
      lookups: (await target.isEmpty(calm)) ? "omit" : "include",
      writers: 1,
      batchesPerWriter: 1,
      writeMaxBytes: 1 << 20,
      checkStore: async () => undefined,
      ...(limit === undefined ? {} : { limit }),
      settle: ({ kind }) => {
        if (kind === "stored") onStored?.(++stored);
      },
      options: signal === undefined ? {} : { signal },
    }).done;
  } finally {
    await target.close();
  }
}

async function rowsOf(origin: Pick<RowSource, "scan">): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const batch of origin.scan({ vectors: "include" })) rows.push(...batch);
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function rowsIn(store: VectorStore): Promise<readonly StoredRow[]> {
  const collection = await store.openCollection("copy", "read");
  try {
    return await rowsOf(collection);
  } finally {
    await collection.close();
  }
}

const counts = ({ read, stored, skipped, failed, abandoned }: RunReport) => ({ read, stored, skipped, failed, abandoned });

describe("a copy", () => {
  for (const idType of ["text", "int64"] as const) {
    it(`with ${idType} ids has the very rows, moments and passport, and the same again finds nothing to do`, async () => {
      const [here, there] = [memoryStore(), memoryStore()];
      const origin = await filled(here, 2_500, { idType, metric: "l2" });
      assert.deepEqual(counts(await copied(origin, there)), { read: 2500, stored: 2500, skipped: 0, failed: 0, abandoned: 0 });
      assert.deepEqual(await rowsIn(there), await rowsOf(origin));
      const target = await there.openCollection("copy", "read");
      assert.deepEqual([target.passport, target.metric, target.idType, target.dimension], [passport, "l2", idType, 4]);
      assert.deepEqual(counts(await copied(origin, there)), { read: 2500, stored: 0, skipped: 2500, failed: 0, abandoned: 0 });
    });
  }

  it("writes what is new or changed since, and nothing else", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 30);
    await copied(origin, there);
    const changes: readonly TestRow[] = [
      { id: "row 3", metadata: { year: 1 } },
      { id: "row 4", metadata: { year: 2004, camera: "X", keep: false }, facts: { version: "another" } },
      { id: "new" },
    ];
    await origin.upsert(batchOf(changes), calm);
    assert.deepEqual(counts(await copied(origin, there)), { read: 31, stored: 3, skipped: 28, failed: 0, abandoned: 0 });
    assert.deepEqual(await rowsIn(there), await rowsOf(origin));
  });

  it("compares the bytes' fingerprints of rows whose version says nothing", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await here.create("photos", schema);
    const unmarked = (id: string, content: string): TestRow => ({ id, facts: { version: "", content } });
    await origin.upsert(batchOf([unmarked("a", "1"), unmarked("b", "1")]), calm);
    await copied(origin, there);
    await origin.upsert(batchOf([unmarked("b", "2")]), calm);
    assert.deepEqual(counts(await copied(origin, there)), { read: 2, stored: 1, skipped: 1, failed: 0, abandoned: 0 });
    assert.deepEqual(await rowsIn(there), await rowsOf(origin));
  });

  it("takes the first rows only when it is limited, and the rest later", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 2_100);
    assert.equal((await copied(origin, there, { limit: 1_050 })).read, 1_050);
    assert.equal((await rowsIn(there)).length, 1_050);
    assert.deepEqual(counts(await copied(origin, there)), { read: 2_100, stored: 1_050, skipped: 1_050, failed: 0, abandoned: 0 });
    assert.deepEqual(await rowsIn(there), await rowsOf(origin));
  });

  it("that was stopped hard in the middle is completed by the same copy", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 6_000);
    const stop = new AbortController();
    const first = await copied(origin, there, { signal: stop.signal, onStored: (stored) => stored === 1 && stop.abort() });
    assert.equal(first.ended, "aborted");
    assert.ok((await rowsIn(there)).length < 6_000);
    assert.equal((await copied(origin, there)).ended, "completed");
    assert.deepEqual(await rowsIn(there), await rowsOf(origin));
  });

  it("goes on past rows that the target refuses, and names them", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 10);
    const target = await there.create("copy", schema);
    await target.upsert(batchOf([{ id: "before", metadata: { keep: "text" } }]), calm);
    await origin.upsert(batchOf([{ id: "other", metadata: { keep: null } }]), calm);
    assert.deepEqual(counts(await copied(origin, there)), { read: 11, stored: 1, skipped: 0, failed: 10, abandoned: 0 });
  });

  it("between two folders of LanceDB has the very rows and passport", async () => {
    const [here, there] = [await openTestStore(), await openTestStore()];
    try {
      const origin = await filled(here.store, 1_500);
      assert.equal((await copied(origin, there.store)).stored, 1_500);
      assert.deepEqual(await rowsIn(there.store), await rowsOf(origin));
      assert.equal((await copied(origin, there.store)).skipped, 1_500);
      const target = await there.store.openCollection("copy", "read");
      assert.deepEqual(target.passport, passport);
      await target.close();
      await origin.close();
    } finally {
      await here.close();
      await there.close();
    }
  });

  it("is foretold without a row being written", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 12);
    assert.deepEqual(await previewCopy({ origin }, null, calm), { listed: 12, known: 0, fresh: 12 });
    await copied(origin, there, { limit: 5 });
    const target = await there.openCollection("copy", "read");
    assert.deepEqual(await previewCopy({ origin }, target, calm), { listed: 12, known: 5, fresh: 7 });
    assert.deepEqual(await previewCopy({ origin, limit: 6 }, target, calm), { listed: 6, known: 5, fresh: 1 });
    assert.equal(await target.count(), 5);
  });
});

describe("a target that is there already", () => {
  const other: Passport = {
    probes: [
      [0.8, -0.6],
      [0, 1],
      [1, 0],
    ],
    labels: { model: "two" },
  };
  const both =
    (code: string, ...parts: readonly string[]) =>
    (error: unknown) => {
      const { code: found, message } = error as { code: string; message: string };
      assert.equal(found, code, message);
      for (const part of parts) assert.ok(message.includes(part), `${message} does not say ${part}`);
      return true;
    };

  for (const [sentence, origin, target, code, parts] of [
    ["of another dimension", {}, { dimension: 5 }, "dimension_mismatch", ["4", "5"]],
    ["of another metric", {}, { metric: "l2" }, "collection_exists", ["cosine", "l2"]],
    ["with keys of another type", {}, { idType: "int64" }, "collection_exists", ["text", "int64"]],
    ["of another model", {}, { passport: other }, "passport_mismatch", ["one", "two", "0.0000"]],
    ["of a model that the origin does not name", { passport: null }, {}, "passport_missing", ["photos", "copy"]],
  ] as const) {
    it(`${sentence} is refused, with both sides shown`, async () => {
      const [here, there] = [memoryStore(), memoryStore()];
      const from = await filled(here, 3, origin);
      await there.create("copy", { ...schema, ...target });
      await assert.rejects(openCopyTarget({ store: there, name: "copy", label: "copy" }, from, calm), both(code, ...parts));
      assert.deepEqual(await rowsIn(there), []);
    });
  }

  it("and does not name the model of its rows is refused; empty, it takes the origin's passport", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 3);
    const target = await there.create("copy", { ...schema, passport: null });
    await target.upsert(batchOf([{ id: "x" }]), calm);
    const at = { store: there, name: "copy", label: "there:copy" };
    await assert.rejects(openCopyTarget(at, origin, calm), both("passport_missing", "there:copy", "photos"));
    await target.delete({ ids: ["x"] }, calm);
    assert.deepEqual((await openCopyTarget(at, origin, calm)).passport, passport);
  });

  it("may hold rows of an unnamed model, when the origin's is unnamed too", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 3, { passport: null });
    const target = await there.create("copy", { ...schema, passport: null });
    await target.upsert(batchOf([{ id: "x" }]), calm);
    assert.equal((await copied(origin, there)).stored, 3);
    assert.deepEqual((await rowsIn(there)).find(({ id }) => id === "x")?.facts, factsOf({ id: "x" }));
  });

  it("cannot be reached by a name that leads elsewhere", async () => {
    const [here, there] = [memoryStore(), memoryStore()];
    const origin = await filled(here, 1);
    for (const name of ["../x", "", "a/b", 'a"; drop', "x".repeat(65)]) {
      await assert.rejects(openCopyTarget({ store: there, name, label: name }, origin, calm), { code: "name_invalid" });
    }
  });
});
