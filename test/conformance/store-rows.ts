/** What a store promises of rows, keys and metadata. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFilter } from "../../src/filter/index.js";
import { batchOf, calm, dimension, factsOf, idsOf, type TestRow } from "./store-rows-data.js";
import type { StoreSuite } from "./store-suite.js";

/** Registers the tests of rows, keys and metadata. */
export function rowTests(suite: StoreSuite): void {
  describe("rows", () => {
    it("a row comes back as it was written, with its vector when asked for", async () => {
      const collection = await suite.create();
      const row: TestRow = { id: "a", vector: [0.6, 0.8, 0, 0], metadata: { year: 2020, camera: "X", keep: false, none: null } };
      await suite.upsert(collection, [row], 1_234_567_890_123);
      const [found] = await collection.get(["a"], { vectors: "include" });
      const facts = { ...factsOf(row), metadata: { year: 2020, camera: "X", keep: false } };
      assert.deepEqual(found, { id: "a", vector: Float32Array.of(0.6, 0.8, 0, 0), facts, ingestedAt: 1_234_567_890_123 });
      const [bare] = await collection.get(["a"], { vectors: "omit" });
      assert.deepEqual(bare, { ...found, vector: null });
    });

    it("rows of one batch may have been ingested at different moments", async () => {
      const collection = await suite.create();
      const batch = { ...batchOf([{ id: "a" }, { id: "b" }]), ingestedAt: [1_600_000_000_001, 1_700_000_000_002] };
      assert.deepEqual(await collection.upsert(batch, calm), []);
      const found = await collection.get(["a", "b"], { vectors: "omit" });
      assert.deepEqual(
        new Map(found.map(({ id, ingestedAt }) => [id, ingestedAt])),
        new Map([
          ["a", 1_600_000_000_001],
          ["b", 1_700_000_000_002],
        ]),
      );
      await assert.rejects(collection.upsert({ ...batch, ingestedAt: [1] }, calm), { code: "input_invalid" });
    });

    it("writing the same rows again changes nothing; other values replace the row whole", async () => {
      const collection = await suite.create();
      const rows = [{ id: "a", metadata: { year: 1, camera: "X" } }, { id: "b" }, { id: "c" }];
      await suite.upsert(collection, rows);
      await suite.upsert(collection, rows);
      assert.equal(await collection.count(), 3);
      await suite.upsert(collection, [{ id: "a", vector: [0, 0, 0, 1], metadata: { year: 2 }, facts: { version: "new" } }]);
      const [found] = await collection.get(["a"], { vectors: "include" });
      assert.equal(await collection.count(), 3);
      assert.deepEqual(found?.facts.metadata, { year: 2 });
      assert.equal(found?.facts.version, "new");
      assert.deepEqual(found?.vector, Float32Array.of(0, 0, 0, 1));
    });

    it("a key given twice in a batch is stored once: the last one wins", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [
        { id: "a", facts: { version: "1" } },
        { id: "b" },
        { id: "a", facts: { version: "2" } },
        { id: "a", facts: { version: "3" } },
      ]);
      assert.equal(await collection.count(), 2);
      assert.equal((await collection.known(["a"], calm)).get("a")?.version, "3");
    });

    it("an empty batch is stored", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, []);
      assert.equal(await collection.isEmpty(calm), true);
    });

    it("the store keeps its own copy of the vectors", async () => {
      const collection = await suite.create();
      const batch = batchOf([{ id: "a", vector: [1, 0, 0, 0] }]);
      await collection.upsert(batch, calm);
      batch.vectors.fill(9);
      assert.deepEqual((await collection.get(["a"], { vectors: "include" }))[0]?.vector, Float32Array.of(1, 0, 0, 0));
    });

    it("known tells version and metadata fingerprint of those ids that are stored", async () => {
      const collection = await suite.create();
      const rows = Array.from({ length: 25 }, (_, index) => ({ id: `id ${index}`, metadata: { index } }));
      await suite.upsert(collection, rows);
      const asked = [...rows.map((row) => row.id), ...Array.from({ length: 1500 }, (_, index) => `absent ${index}`)];
      const known = await collection.known(asked, calm);
      assert.deepEqual([...known.keys()].sort(), rows.map((row) => row.id).sort());
      const { version, metadataHash } = factsOf(rows[7]!);
      assert.deepEqual(known.get("id 7"), { version, metadataHash });
      assert.equal((await collection.known([], calm)).size, 0);
      assert.equal((await collection.known([7n], calm)).size, 0);
      assert.equal(await collection.isEmpty(calm), false);
    });

    it("byContent gives vector and size of a stored content, never for the empty fingerprint", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [
        { id: "a", vector: [0, 1, 0, 0], facts: { content: "same", width: 3, height: 2 } },
        { id: "b", vector: [0, 1, 0, 0], facts: { content: "same", width: 3, height: 2 } },
        { id: "c", facts: { content: "" } },
      ]);
      const found = await collection.byContent(["same", "other", ""], calm);
      assert.deepEqual([...found], [["same", { vector: Float32Array.of(0, 1, 0, 0), width: 3, height: 2 }]]);
    });

    it("get answers each stored id once", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }, { id: "b" }]);
      const found = await collection.get(["b", "a", "b", "absent"], { vectors: "omit" });
      assert.deepEqual(found.map((row) => row.id).sort(), ["a", "b"]);
    });

    it("delete by ids and by filter tells how many rows there were", async () => {
      const collection = await suite.create();
      await suite.upsert(
        collection,
        ["a", "b", "c", "d", "e"].map((id, year) => ({ id, metadata: { year } })),
      );
      assert.equal(await collection.delete({ ids: ["a", "a", "absent"] }, calm), 1);
      assert.equal(await collection.delete({ ids: ["a"] }, calm), 0);
      assert.equal(await collection.delete({ ids: [] }, calm), 0);
      assert.equal(await collection.delete({ filter: parseFilter("year >= 3") }, calm), 2);
      assert.equal(await collection.delete({ filter: parseFilter("year >= 3") }, calm), 0);
      assert.deepEqual(await idsOf(collection), ["b", "c"]);
      await suite.upsert(collection, [{ id: "a" }]);
      assert.deepEqual(await idsOf(collection), ["a", "b", "c"]);
    });

    it("scan streams every row once, in batches of the size asked for", async () => {
      const collection = await suite.create();
      for (let start = 0; start < 2500; start += 500) {
        await suite.upsert(
          collection,
          Array.from({ length: 500 }, (_, index) => ({ id: `row ${start + index}`, metadata: { n: start + index } })),
        );
      }
      const seen = new Set<unknown>();
      for await (const rows of collection.scan({ vectors: "include", batchRows: 700 })) {
        assert.ok(rows.length >= 1 && rows.length <= 700);
        for (const row of rows) {
          assert.equal(row.vector?.length, dimension);
          seen.add(row.id);
        }
      }
      assert.equal(seen.size, 2500);
      assert.equal(await collection.count(parseFilter("n >= 2000")), 500);
      let rows = 0;
      for await (const batch of collection.scan({ vectors: "omit", filter: parseFilter("n < 10") })) rows += batch.length;
      assert.equal(rows, 10);
    });
  });

  describe("keys", () => {
    it("text keys of any characters are kept apart, found and deleted", async () => {
      const collection = await suite.create();
      const ids = [
        "'",
        "''",
        '"',
        "\\",
        "\\'",
        "a' or '1'='1",
        "%",
        "_",
        "é",
        "e\u0301",
        "\u{1F600}",
        "\n",
        "\t",
        " ",
        "a ",
        "A",
        "a",
        "null",
        "1",
        "--",
        "x".repeat(512),
      ];
      await suite.upsert(
        collection,
        ids.map((id) => ({ id })),
      );
      assert.equal(await collection.count(), ids.length);
      assert.deepEqual([...(await collection.known(ids, calm)).keys()].sort(), [...ids].sort());
      for (const id of ids) {
        assert.deepEqual(
          (await collection.get([id], { vectors: "omit" })).map((row) => row.id),
          [id],
        );
      }
      for (const [index, id] of ids.entries()) {
        assert.equal(await collection.delete({ ids: [id] }, calm), 1, JSON.stringify(id));
        assert.equal(await collection.count(), ids.length - index - 1);
      }
    });

    suite.needs("zero bytes", "text with zero bytes is kept apart", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [
        { id: "a\u0000b", metadata: { note: "x\u0000y" } },
        { id: "a", metadata: { note: "x" } },
      ]);
      assert.deepEqual([...(await collection.known(["a\u0000b"], calm)).keys()], ["a\u0000b"]);
      assert.deepEqual(await idsOf(collection, parseFilter('note == "x\\u0000y"')), ["a\u0000b"]);
      assert.deepEqual(await idsOf(collection, parseFilter('startsWith(note, "x\\u0000")')), ["a\u0000b"]);
    });

    it("int64 keys are exact, also beyond 2^53", async () => {
      const collection = await suite.create({ idType: "int64" });
      assert.equal(collection.idType, "int64");
      const largest = suite.cannot.includes("largest int64") ? 2n ** 63n - 2n : 2n ** 63n - 1n;
      const ids = [0n, -1n, 2n ** 53n, 2n ** 53n + 1n, largest, -(2n ** 63n)];
      await suite.upsert(
        collection,
        ids.map((id) => ({ id, facts: { version: `v${id}` } })),
      );
      assert.equal(await collection.count(), ids.length);
      const known = await collection.known([...ids, 5n, "0"], calm);
      assert.deepEqual([...known].map(([id, row]) => [id, row.version]).sort(), ids.map((id) => [id, `v${id}`]).sort());
      assert.deepEqual(
        (await collection.get([2n ** 53n + 1n], { vectors: "omit" })).map((row) => row.id),
        [2n ** 53n + 1n],
      );
      assert.deepEqual(
        await idsOf(collection, parseFilter("id > 9007199254740991")),
        [2n ** 53n, 2n ** 53n + 1n, largest].map(String).sort(),
      );
      assert.deepEqual(await idsOf(collection, parseFilter("id <= -0.5")), ["-1", String(-(2n ** 63n))].sort());
      assert.deepEqual(await idsOf(collection, parseFilter('id == "0"')), []);
      assert.equal(await collection.delete({ ids: [2n ** 53n] }, calm), 1);
      assert.equal((await collection.known([2n ** 53n, 2n ** 53n + 1n], calm)).size, 1);
      assert.equal((await collection.stats()).idType, "int64");
    });

    it("a key that cannot be one fails its row alone", async () => {
      const text = await suite.create();
      const failures = await text.upsert(
        batchOf([{ id: "a" }, { id: 5n }, { id: "" }, { id: "\ud800" }, { id: "é".repeat(257) }, { id: "b" }]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        [1, 2, 3, 4].map((index) => [index, "id_invalid"]),
      );
      assert.deepEqual(await idsOf(text), ["a", "b"]);
      const whole = await suite.create({ idType: "int64" });
      const others = await whole.upsert(batchOf([{ id: 1n }, { id: "1" }, { id: 2n ** 63n }]), calm);
      assert.deepEqual(
        others.map(({ index, error }) => [index, error.code]),
        [1, 2].map((index) => [index, "id_invalid"]),
      );
      assert.deepEqual(await idsOf(whole), ["1"]);
    });
  });

  describe("metadata", () => {
    it("a key appears with its first value, and rows before it have none", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a" }]);
      await suite.upsert(collection, [{ id: "b", metadata: { year: null } }]);
      await suite.upsert(collection, [
        { id: "c", metadata: { year: 2020 } },
        { id: "d", metadata: { year: null, camera: "X" } },
      ]);
      await suite.upsert(collection, [{ id: "e", metadata: { keep: true } }]);
      const rows = await collection.get(["a", "b", "c", "d", "e"], { vectors: "omit" });
      const metadata = Object.fromEntries(rows.map((row) => [row.id, row.facts.metadata]));
      assert.deepEqual(metadata, { a: {}, b: {}, c: { year: 2020 }, d: { camera: "X" }, e: { keep: true } });
    });

    it("values come back as they were: text of any characters, numbers of any size", async () => {
      const collection = await suite.create();
      const texts = ["", " ", "'", '"', "\\", "\n", "é", "\u{1F600}", "null", "NaN", "x".repeat(5000), "{{a}}"];
      const numbers = [0, -1, 0.1, 1e300, -1e-300, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE];
      const rows = texts.map((note, index) => ({
        id: String(index),
        metadata: { note, size: numbers[index % numbers.length]!, keep: index % 2 === 0 },
      }));
      await suite.upsert(collection, rows);
      for (const stored of await collection.get(
        rows.map((row) => row.id),
        { vectors: "omit" },
      )) {
        assert.deepEqual(stored.facts.metadata, rows[Number(stored.id)]!.metadata);
      }
      for (const row of rows) {
        const found = await idsOf(collection, { kind: "compare", key: "note", operator: "==", value: row.metadata.note });
        assert.deepEqual(found, [row.id], JSON.stringify(row.metadata.note.slice(0, 20)));
      }
    });

    suite.needs("metadata types", "a value of another type fails its row alone", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [{ id: "a", metadata: { year: 2020 } }]);
      const failures = await collection.upsert(
        batchOf([
          { id: "b", metadata: { year: "2020" } },
          { id: "c", metadata: { year: 2021 } },
          { id: "d", metadata: { camera: "X" } },
          { id: "e", metadata: { camera: 5 } },
        ]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        [
          [0, "metadata_type"],
          [3, "metadata_type"],
        ],
      );
      assert.deepEqual(await idsOf(collection), ["a", "c", "d"]);
      const again = await suite.reopen(collection);
      assert.deepEqual(await idsOf(again, parseFilter("exists(year)")), ["a", "c"]);
    });

    it("values that no column takes fail their row alone", async () => {
      const collection = await suite.create();
      const bad = [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", {}, [1], 5n] as readonly unknown[] as readonly string[];
      const failures = await collection.upsert(
        batchOf([...bad.map((note, index) => badRow(`bad ${index}`, { note })), { id: "good" }]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        bad.map((_, index) => [index, "metadata_type"]),
      );
      assert.deepEqual(await idsOf(collection), ["good"]);
    });

    it("names that no column may have fail their row alone", async () => {
      const collection = await suite.create();
      const names = [
        "",
        "Year",
        "exif.iso",
        "a b",
        "1st",
        "é",
        "x".repeat(64),
        "id",
        "vector",
        "source",
        "metadata_hash",
        "ingested_at",
        "_rowid",
        "_distance",
        'a"b',
        "a'",
        "a;--",
        "`a`",
        "__proto__ ",
      ];
      const failures = await collection.upsert(
        batchOf([...names.map((key, index) => badRow(`bad ${index}`, { [key]: 1 })), { id: "good" }]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        names.map((_, index) => [index, "metadata_name"]),
      );
      assert.deepEqual(await idsOf(collection), ["good"]);
    });

    it("names that are words of query languages are names like others", async () => {
      const collection = await suite.create();
      const words = [
        "select",
        "where",
        "null",
        "and",
        "or",
        "not",
        "in",
        "like",
        "order",
        "from",
        "exists",
        "true",
        "between",
        "constructor",
        "__proto__",
      ];
      const metadata = Object.fromEntries([...words.map((word, index) => [word, index] as const)]);
      await suite.upsert(collection, [{ id: "a", metadata }, { id: "b" }]);
      for (const [index, word] of words.entries()) {
        assert.deepEqual(await idsOf(collection, { kind: "compare", key: word, operator: "==", value: index }), ["a"], word);
      }
      assert.deepEqual((await collection.get(["a"], { vectors: "omit" }))[0]?.facts.metadata, metadata);
    });

    suite.needs("metadata limit", "the 257th key of a collection fails its row", async () => {
      const collection = await suite.create();
      const keys = Array.from({ length: 256 }, (_, index) => [`key_${index}`, index] as const);
      await suite.upsert(collection, [{ id: "a", metadata: Object.fromEntries(keys) }]);
      const failures = await collection.upsert(
        batchOf([
          { id: "b", metadata: { key_1: 1 } },
          { id: "c", metadata: { one_more: 1 } },
        ]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        [[1, "metadata_name"]],
      );
      assert.equal((await collection.get(["a"], { vectors: "omit" }))[0]?.facts.metadata["key_255"], 255);
    });
  });
}

function badRow(id: string, metadata: Record<string, unknown>): TestRow {
  return { id, facts: { metadata: metadata as Record<string, string>, metadataHash: "any" } };
}
