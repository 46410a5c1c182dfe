import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError, type Metadata, type RowBatch } from "../../contracts/index.js";
import type { MilvusConnection } from "./connection/client.js";
import { compileFilter } from "./connection/filter.js";
import { Freshness } from "./connection/freshness.js";
import { describeCollection, fieldsOf, filterColumns, shapeOf } from "./connection/schema.js";
import { rowFields, storedRowOf } from "./rows.js";
import { Inserter } from "./writing/inserter.js";
import { WriteLimiter } from "./writing/write-limiter.js";

const schema = { dimension: 2, metric: "l2", passport: null } as const;

/** A collection of ours, as a newer server describes it, with fields that somebody added. */
function described(added: readonly object[]) {
  const fields = fieldsOf(schema, { vectorField: "vector", declared: [], settings: { vectorType: null, partitionKey: null } }).map(
    (field) => ({ ...field, dim: field.dim ?? "" }),
  );
  return {
    collection_name: "photos",
    properties: [],
    schema: { description: describeCollection(schema, "", "us"), enable_dynamic_field: true, fields: [...fields, ...added] },
  } as unknown as Parameters<typeof shapeOf>[1];
}

/** Tag of the answer's `upsert_cnt`, field 8. */
const upsertCount = 64;

const nullable = { name: "tags", data_type: "VarChar", max_length: "100", nullable: true };
const withDefault = { name: "stars", data_type: "Int64", default_value: 3 };
const computed = { name: "sparse", data_type: "SparseFloatVector", is_function_output: true };
const json = { name: "extra", data_type: "JSON", nullable: true };

function batchOf(...metadata: Metadata[]): RowBatch {
  const facts = metadata.map((each, index) => ({
    source: `file:///${index}`,
    root: "",
    version: "",
    content: "",
    metadata: each,
    metadataHash: "",
    width: 1,
    height: 1,
  }));
  return {
    ids: metadata.map((_, index) => `k${index}`),
    vectors: new Float32Array(metadata.length * 2),
    dimension: 2,
    facts,
    ingestedAt: 1,
  };
}

/** Upserts into a connection that takes everything down; answers failures and the request's bytes. */
async function sent(batch: RowBatch) {
  const { default: protobuf } = await import("protobufjs");
  const shape = shapeOf("photos", described([nullable, withDefault, computed, json]));
  let body = new Uint8Array();
  const connection = {
    endpoint: { address: "db", database: null },
    newWriter: () => protobuf.Writer.create(),
    sendUpsert: async (bytes: Uint8Array) => {
      body = Uint8Array.from(bytes);
      return Uint8Array.of(upsertCount, batch.ids.length);
    },
  } as unknown as MilvusConnection;
  const inserter = new Inserter(connection, shape, new WriteLimiter(1), new Freshness(), { maxBytes: 1e6 });
  const failures = await inserter.upsert(batch, [...batch.ids.keys()], new AbortController().signal);
  const { root } = protobuf.parse(`
    syntax = "proto3";
    message Upsert { repeated Field fields = 5; }
    message Field { string name = 2; Scalar scalars = 3; repeated bool valid = 7; }
    message Scalar { Longs longs = 3; Texts texts = 6; }
    message Longs { repeated int64 data = 1; }
    message Texts { repeated string data = 1; }`);
  const type = root.lookupType("Upsert");
  const { fields = [] } = type.toObject(type.decode(body), { longs: Number }) as {
    fields?: { name: string; valid?: boolean[]; scalars?: { longs?: { data: number[] }; texts?: { data: string[] } } }[];
  };
  return { failures, fields: new Map(fields.map((field) => [field.name, field])) };
}

describe("fields that somebody added to a collection", () => {
  it("rows without them are written without them", async () => {
    const { failures, fields } = await sent(batchOf({}, { camera: "X" }));
    assert.deepEqual(failures, []);
    for (const { name } of [nullable, computed, json]) assert.equal(fields.has(name), false, name);
    assert.deepEqual([...fields.keys()].includes("source"), true);
  });

  it("rows that have a value for one send it, and mark the rows that have none", async () => {
    const { failures, fields } = await sent(batchOf({ tags: "a" }, { tags: null }, { tags: "c", stars: 5 }));
    assert.deepEqual(failures, []);
    const tags = fields.get("tags");
    assert.deepEqual(
      [tags?.valid, tags?.scalars?.texts?.data],
      [
        [true, false, true],
        ["a", "c"],
      ],
    );
    const stars = fields.get("stars");
    const all = [true, true, true];
    assert.deepEqual([stars?.valid, stars?.scalars?.longs?.data], [all, [3, 3, 5]], "a default value is written");
    assert.equal(fields.get("source")?.valid, undefined, "fields that every row must have carry no marks");
  });

  it("a value that does not fit one, or a key that is a field of another kind, fails its row alone", async () => {
    const { failures } = await sent(batchOf({ tags: "x".repeat(101) }, { extra: "text" }, { sparse: 1 }, { stars: 1.5 }, { tags: "fits" }));
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code]),
      [
        [0, "metadata_type"],
        [1, "metadata_name"],
        [2, "metadata_name"],
        [3, "metadata_type"],
      ],
    );
  });

  it("null is read back as no value, not as 0", () => {
    const shape = shapeOf("photos", described([nullable, { ...withDefault, default_value: null, nullable: true }]));
    const raw = { id: "k", tags: null, stars: null, $meta: { camera: "X" } };
    assert.deepEqual(storedRowOf(raw, shape).facts.metadata, { camera: "X" });
    assert.deepEqual(storedRowOf({ ...raw, stars: "4" }, shape).facts.metadata, { camera: "X", stars: 4 });
  });

  it("only those that can be read are asked for", () => {
    const fields = rowFields(shapeOf("photos", described([nullable, computed, json])), "omit");
    assert.deepEqual([fields.includes("tags"), fields.includes("sparse"), fields.includes("extra")], [true, false, false]);
  });

  it("one that may be null exists only where it has a value", () => {
    const columns = filterColumns(shapeOf("photos", described([nullable])));
    assert.equal(compileFilter({ kind: "exists", key: "tags" }, columns), "(tags is not null)");
    assert.equal(compileFilter({ kind: "exists", key: "source" }, columns), "(not (id in []))");
  });

  it("one that every row needs and none of ours can have is refused when the collection is opened", () => {
    const required = { name: "embedding", data_type: "JSON" };
    assert.throws(
      () => shapeOf("photos", described([required])),
      (error) => HeadraceError.is(error) && error.code === "collection_foreign" && /embedding/.test(error.message),
    );
  });
});
