import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError, type RowBatch } from "../../../contracts/index.js";
import type { MilvusConnection } from "../connection/client.js";
import { Freshness } from "../connection/freshness.js";
import { describeCollection, fieldsOf, shapeOf } from "../connection/schema.js";
import { Inserter } from "./inserter.js";
import { WriteLimiter } from "./write-limiter.js";

const schema = { dimension: 2, metric: "l2", passport: null } as const;
/** Tags of a MutationResult: the positions of the written rows, and their number. */
const [positions, count] = [26, 64];

/** Answers of a server to an upsert of three rows, and how many of the rows they acknowledge. */
const answers: readonly (readonly [what: string, answer: Uint8Array, rows: number])[] = [
  ["the number of all rows", Uint8Array.of(count, 3), 3],
  ["the number and the positions of all rows", Uint8Array.of(positions, 3, 0, 1, 2, count, 3), 3],
  ["the number of some rows", Uint8Array.of(count, 2), 2],
  ["the number of all rows, the positions of some", Uint8Array.of(positions, 2, 0, 2, count, 3), 2],
  ["nothing", new Uint8Array(), 0],
];

describe("an upsert's answer", () => {
  for (const [what, answer, rows] of answers) {
    it(`that has ${what} acknowledges ${rows} of 3 rows`, async () => {
      const written = write(async () => answer);
      if (rows === 3) return assert.deepEqual(await written, []);
      await assert.rejects(written, (error) => {
        assert.ok(HeadraceError.is(error));
        assert.deepEqual([error.code, error.retryable], ["store_unavailable", true]);
        assert.match(error.message, new RegExp(`photos: expected .* 3 rows, found ${rows} `));
        return true;
      });
    });
  }

  it("of the SDK is read the same way", async () => {
    const answer = { status: { error_code: "Success" }, timestamp: "7", upsert_cnt: "3" };
    assert.deepEqual(await write(null, { ...answer, succ_index: [0, 1, 2] }), []);
    await assert.rejects(write(null, { ...answer, succ_index: [1] }), /found 1 acknowledged/);
    await assert.rejects(write(null, { ...answer, upsert_cnt: "0", succ_index: [] }), /found 0 acknowledged/);
  });
});

/** Upserts three rows through a connection that answers with bytes, or for the SDK with an object. */
async function write(encoded: (() => Promise<Uint8Array>) | null, sdk: object = {}) {
  const { default: protobuf } = await import("protobufjs");
  const fields = fieldsOf(schema, { vectorField: "vector", declared: [], settings: { vectorType: null, partitionKey: null } }).map(
    (field) => ({ ...field, dim: field.dim ?? "" }),
  );
  const described = {
    properties: [],
    schema: { description: describeCollection(schema, "", "us"), enable_dynamic_field: true, fields },
  };
  const connection = {
    endpoint: { address: "db", database: null },
    newWriter: () => protobuf.Writer.create(),
    sendUpsert: encoded,
    call: async () => sdk,
  } as unknown as MilvusConnection;
  const shape = shapeOf("photos", described as unknown as Parameters<typeof shapeOf>[1]);
  const path = encoded === null ? "sdk" : "encoded";
  const inserter = new Inserter(connection, shape, new WriteLimiter(1), new Freshness(), { maxBytes: 1e6, path });
  return inserter.upsert(batch(), [0, 1, 2], new AbortController().signal);
}

function batch(): RowBatch {
  const facts = { source: "file:///a", root: "", version: "", content: "", metadata: {}, metadataHash: "", width: 1, height: 1 };
  return { ids: ["a", "b", "c"], vectors: new Float32Array(6), dimension: 2, facts: [facts, facts, facts], ingestedAt: 1 };
}
