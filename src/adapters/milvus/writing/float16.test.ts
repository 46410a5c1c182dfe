import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RowBatch } from "../../../contracts/index.js";
import { float16ToFloat32 } from "../../../kit/index.js";
import type { MilvusConnection } from "../connection/client.js";
import { Freshness } from "../connection/freshness.js";
import { describeCollection, fieldsOf, shapeOf } from "../connection/schema.js";
import { storedRowOf } from "../rows.js";
import { Inserter } from "./inserter.js";
import { WriteLimiter } from "./write-limiter.js";

const schema = { dimension: 2, metric: "l2", passport: null } as const;
const options = { vectorField: "vector", declared: [], settings: { vectorType: "FLOAT16_VECTOR", partitionKey: null } } as const;
const shape = shapeOf("photos", {
  properties: [],
  schema: { description: describeCollection(schema, "", "us"), enable_dynamic_field: true, fields: described() },
} as unknown as Parameters<typeof shapeOf>[1]);

describe("vectors of 16 bits", () => {
  it("are recognised in the description of a collection, and sent as the server stores them", async () => {
    assert.deepEqual([shape.vectorType, shape.vectorField, shape.dimension], ["Float16Vector", "vector", 2]);
    const { failures, vector } = await sent([1, -0.5, 0.1, 65_504]);
    assert.deepEqual(failures, []);
    assert.deepEqual([vector?.type, vector?.vectors.dim], [102, 2]);
    const bytes = vector!.vectors.halves;
    const stored = float16ToFloat32(new Uint16Array(Uint8Array.from(bytes).buffer));
    assert.deepEqual([...stored], [1, -0.5, 0.0999755859375, 65_504]);
  });

  it("a number that they cannot hold fails its row alone", async () => {
    const { failures } = await sent([1, 0, 0, 70_000]);
    assert.deepEqual(
      failures.map(({ index, error }) => [index, error.code, error.scope]),
      [[1, "row_rejected", "item"]],
    );
  });

  it("are read back as the SDK decodes them", async () => {
    const { f16BytesToF32Array, f32ArrayToF16Bytes } = await import("@zilliz/milvus2-sdk-node");
    const raw = { id: "a", vector: f16BytesToF32Array(f32ArrayToF16Bytes([1, 0.1])) };
    assert.deepEqual(storedRowOf(raw, shape).vector, Float32Array.of(1, 0.0999755859375));
  });
});

function described() {
  return fieldsOf(schema, options).map((field) => ({ ...field, dim: field.dim ?? "" }));
}

interface Sent {
  readonly type: number;
  readonly name: string;
  readonly vectors: { readonly dim: number; readonly halves: Uint8Array };
}

/** Upserts two rows with these numbers; answers failures and the vector column of the request. */
async function sent(numbers: readonly number[]) {
  const { default: protobuf } = await import("protobufjs");
  let body = new Uint8Array();
  const connection = {
    endpoint: { address: "db", database: null },
    newWriter: () => protobuf.Writer.create(),
    sendUpsert: async (bytes: Uint8Array) => {
      body = Uint8Array.from(bytes);
      return Uint8Array.of(64, 2);
    },
  } as unknown as MilvusConnection;
  const inserter = new Inserter(connection, shape, new WriteLimiter(1), new Freshness(), { maxBytes: 1e6 });
  const facts = { source: "file:///a", root: "", version: "", content: "", metadata: {}, metadataHash: "", width: 1, height: 1 };
  const batch: RowBatch = { ids: ["a", "b"], vectors: Float32Array.from(numbers), dimension: 2, facts: [facts, facts], ingestedAt: 1 };
  const failures = await inserter.upsert(batch, [0, 1], new AbortController().signal);
  const { root } = protobuf.parse(`
    syntax = "proto3";
    message Upsert { repeated Field fields = 5; }
    message Field { int32 type = 1; string name = 2; Vectors vectors = 4; }
    message Vectors { int64 dim = 1; bytes halves = 4; }`);
  const type = root.lookupType("Upsert");
  const { fields = [] } = type.toObject(type.decode(body), { longs: Number }) as { fields?: readonly Sent[] };
  return { failures, vector: fields.find(({ name }) => name === "vector") };
}
