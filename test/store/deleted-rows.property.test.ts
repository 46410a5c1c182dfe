/** Whatever a row contains, a file of deleted rows gives it back as it was. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { createDeletionFile, openParquetRows, readDeletedRowsHead } from "../../src/adapters/parquet/index.js";
import type { Key, Metadata, StoredRow } from "../../src/contracts/index.js";

const dimension = 3;
const passport = { probes: [[0.5, -0.25, 1]], labels: { model: "é „m“" }, text: { label: "words", probes: [[1, 2, 3]] } };
const deletion = { collection: "photos", command: "sync", deletedAt: "2026-01-02T03:04:05.678Z" };

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "\u0000", "a\nb", "'; DROP", "😀", "null", '{"$number":"-0"}'));
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, 5e-324),
);
/** The types of one key differ from row to row. */
const metadata = fc.dictionary(
  fc.constantFrom("a", "b", "metadata", "_x", "__proto__"),
  fc.oneof(text, number, fc.boolean(), fc.constant(null)),
  { noNullPrototype: true },
);
const vector = fc.array(fc.oneof(fc.float(), fc.constantFrom(-0, 1e-45, 3.4e38)), { minLength: dimension, maxLength: dimension });
const whole = fc.nat({ max: 2 ** 31 - 1 });

const rowWith = (id: fc.Arbitrary<Key>): fc.Arbitrary<StoredRow> =>
  fc.record(
    {
      id,
      vector: vector.map((numbers) => Float32Array.from(numbers)),
      facts: fc.record(
        {
          ...{ source: text, root: text, version: text, content: text, metadataHash: text },
          ...{ metadata: metadata as fc.Arbitrary<Metadata>, width: whole, height: whole },
        },
        { noNullPrototype: true },
      ),
      ingestedAt: fc.nat({ max: 2 ** 52 }),
    },
    { noNullPrototype: true },
  );

describe("a file of deleted rows", () => {
  let folder = "";
  let files = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-deleted-"));
  });
  after(() => rm(folder, { recursive: true }));

  for (const [idType, id] of [
    ["text", text],
    ["int64", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ] as const) {
    it(`gives back rows with ${idType} ids bit for bit, and the description of their collection`, async () => {
      const description = { dimension, metric: "ip", idType, passport } as const;
      await fc.assert(
        fc.asyncProperty(fc.array(rowWith(id as fc.Arbitrary<Key>), { minLength: 1, maxLength: 30 }), async (rows) => {
          const path = join(folder, `${files++}.parquet`);
          const writer = await createDeletionFile(path, description, deletion);
          assert.deepEqual(await writer.write(rows), []);
          await writer.finish();
          const source = await openParquetRows(path);
          const { metric, passport: read } = source;
          assert.deepEqual({ dimension: source.dimension, metric, idType: source.idType, passport: read }, description);
          const found: StoredRow[] = [];
          for await (const batch of source.scan({ vectors: "include" })) found.push(...batch);
          await source.close();
          assert.deepStrictEqual(found, rows);
          assert.deepEqual(await readDeletedRowsHead(path), { ...deletion, rows: rows.length });
        }),
        { numRuns: 150 },
      );
    });
  }
});
