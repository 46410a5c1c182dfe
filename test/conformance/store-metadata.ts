/** What a store promises of metadata that rows have, lack, or have as null, for each type of value. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collection, Metadata, MetadataValue } from "../../src/contracts/index.js";
import { parseFilter } from "../../src/filter/index.js";
import { metadataHash } from "../../src/kit/index.js";
import { batchOf, calm, idsOf, type TestRow } from "./store-rows-data.js";
import type { StoreSuite } from "./store-suite.js";

const values = {
  text: ["X", "Y"],
  number: [1.5, 2.5],
  boolean: [true, false],
} as const satisfies Record<string, readonly [MetadataValue, MetadataValue]>;

/** What the rows of one batch have under the key; "absent" rows do not name it. */
type Presence = "value" | "null" | "absent";
const batches: readonly (readonly Presence[])[] = [
  ["absent", "absent"],
  ["null", "null"],
  ["value", "value"],
  ["value", "null", "absent"],
  ["null", "absent", "value"],
  ["null", "absent"],
];

/** Registers the tests of metadata. */
export function metadataTests(suite: StoreSuite): void {
  pictureTests(suite);
  describe("metadata that rows lack", () => {
    for (const [type, [first, second]] of Object.entries(values)) {
      for (const before of ["a new collection", "a collection with the key"] as const) {
        it(`${type}: a key that is absent or null, in ${before}, is left out of the row and of filters`, async () => {
          const collection = await suite.create();
          const expected = new Map<string, Metadata>();
          const write = async (rows: readonly TestRow[]) => {
            await suite.upsert(collection, rows);
            for (const { id, metadata = {} } of rows) {
              expected.set(String(id), Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null)));
            }
          };
          if (before === "a collection with the key") await write([{ id: "first", metadata: { extra: second } }]);
          for (const [at, presences] of batches.entries()) {
            await write(presences.map((presence, row) => ({ id: `row ${at} ${row}`, metadata: metadataOf(presence, first) })));
          }
          await holds(collection, expected);
        });
      }

      it(`${type}: a row that is written again without the key has it no more`, async () => {
        const collection = await suite.create();
        await suite.upsert(
          collection,
          ["a", "b", "c"].map((id) => ({ id, metadata: { extra: first, note: "kept" } })),
        );
        await suite.upsert(collection, [
          { id: "a", metadata: { extra: null, note: "kept" } },
          { id: "b", metadata: { note: "kept" } },
        ]);
        await holds(
          collection,
          new Map<string, Metadata>([
            ["a", { note: "kept" }],
            ["b", { note: "kept" }],
            ["c", { extra: first, note: "kept" }],
          ]),
        );
      });
    }

    it("many keys, each in a few rows of a batch, stay with their rows", async () => {
      const collection = await suite.create();
      const keys = Object.entries(values).flatMap(([type, [first]]) => [0, 1, 2].map((at) => [`${type}_${at}`, first] as const));
      const rows = Array.from({ length: 60 }, (_, index): TestRow => {
        const given = keys.map(([key, value], at) => [key, (index + at) % 7 === 0 ? value : null] as const);
        return { id: `row ${index}`, metadata: Object.fromEntries(given.filter((_entry, at) => (index + at) % 3 !== 0)) };
      });
      assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
      const withoutNull = (metadata: Metadata) => Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
      const stored = await collection.get(
        rows.map(({ id }) => id),
        { vectors: "omit" },
      );
      assert.equal(stored.length, rows.length);
      for (const { id, facts } of stored) {
        assert.deepEqual(facts.metadata, withoutNull(rows[Number(String(id).slice(4))]!.metadata ?? {}), String(id));
      }
    });
  });
}

/** A row with metadata that came with its picture: only what is given counts for the hash. */
function pictureRow(id: string, picture: Metadata, given: Metadata = {}): TestRow {
  return { id, metadata: { ...picture, ...given }, facts: { metadataHash: metadataHash(given) } };
}

function pictureTests(suite: StoreSuite): void {
  describe("metadata that came with pictures", () => {
    suite.needs(
      "metadata types",
      "what a person gives decides the type of a column, and values of files that do not fit are left out",
      async () => {
        const collection = await suite.create();
        const moment = "2024-06-01T12:00:00";
        await suite.upsert(collection, [
          pictureRow("a", { taken_at: moment, camera: "X" }),
          pictureRow("b", { camera: "X" }, { taken_at: 1_717_243_200 }),
        ]);
        await suite.upsert(collection, [pictureRow("c", { taken_at: moment, latitude: 46.2 })]);
        const stored = await collection.get(["a", "b", "c"], { vectors: "omit" });
        assert.deepEqual(Object.fromEntries(stored.map(({ id, facts }) => [id, facts.metadata])), {
          a: { camera: "X" },
          b: { camera: "X", taken_at: 1_717_243_200 },
          c: { latitude: 46.2 },
        });
        assert.equal(stored.find(({ id }) => id === "b")?.facts.metadataHash, metadataHash({ taken_at: 1_717_243_200 }));
      },
    );

    suite.needs("metadata types", "a given value of another type than that of the files fails with what to do", async () => {
      const collection = await suite.create();
      await suite.upsert(collection, [pictureRow("a", { taken_at: "2024-06-01T12:00:00" })]);
      const [failure] = await collection.upsert(batchOf([{ id: "b", metadata: { taken_at: 5 } }]), calm);
      assert.equal(failure?.error.code, "metadata_type");
      assert.match(failure?.error.hint ?? "", /use another key.*metadata\.exif: false/);
    });
  });
}

function metadataOf(presence: Presence, value: MetadataValue): Metadata {
  if (presence === "absent") return {};
  return { extra: presence === "null" ? null : value };
}

/** Rows read back, and what filters on the key say. */
async function holds(collection: Collection, expected: ReadonlyMap<string, Metadata>): Promise<void> {
  const ids = [...expected.keys()].sort();
  const stored = await collection.get(ids, { vectors: "omit" });
  assert.deepEqual(Object.fromEntries(stored.map(({ id, facts }) => [id, facts.metadata])), Object.fromEntries(expected));
  const having = ids.filter((id) => expected.get(id)!["extra"] !== undefined);
  assert.deepEqual(await idsOf(collection, parseFilter("exists(extra)")), having);
  assert.deepEqual(
    await idsOf(collection, parseFilter("not exists(extra)")),
    ids.filter((id) => !having.includes(id)),
  );
  const [sample] = having;
  assert.ok(sample !== undefined, "some row has the key");
  const value = expected.get(sample)!["extra"]!;
  const equal = await idsOf(collection, { kind: "compare", key: "extra", operator: "==", value });
  assert.deepEqual(
    equal,
    ids.filter((id) => expected.get(id)!["extra"] === value),
  );
}
