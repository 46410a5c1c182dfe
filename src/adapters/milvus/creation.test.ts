import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import type { MilvusConnection } from "./connection/client.js";
import { fieldsOf } from "./connection/schema.js";
import { Creation } from "./creation.js";
import { fromStatus } from "./errors.js";
import { type CreationSettings, creationSettings, declaredCollection, milvusSection } from "./options.js";

const schema = { dimension: 2, metric: "l2", passport: null } as const;
const endpoint = { address: "db:19530", database: null, from: "milvus.host, milvus.port" } as const;

describe("the creation of a collection", () => {
  it("sends the settings of the collection, and none that is not set", async () => {
    const { request } = await created({ numShards: 3, mmap: true, ttlSeconds: 3600, replicaNumber: 2 }, { version: "v2.4.1" });
    const { "headrace.index": note, ...properties } = request!.properties;
    assert.match(String(note), /^creating:/);
    assert.deepEqual(
      [request!.shards_num, properties],
      [3, { "mmap.enabled": "true", "collection.ttl.seconds": "3600", "headrace.load": '{"replicas":2,"groups":[]}' }],
    );
    const { request: plain } = await created({}, { version: "2.3.5" });
    assert.deepEqual([Object.keys(plain!.properties), plain!.shards_num], [["headrace.index"], undefined]);
  });

  const newer = { mmap: false, vectorType: "FLOAT16_VECTOR", partitionKey: "tenant" } as const;
  for (const [setting, value] of Object.entries(newer)) {
    it(`is refused before anything is sent if the server is too old for ${setting}`, async () => {
      for (const version of ["v2.3.5", "2.2.16-dev", "v1.9"]) {
        const { request, error } = await created({ [setting]: value }, { version });
        assert.equal(request, null);
        assert.equal(error?.code, "config_invalid");
        assert.match(error!.message, /milvus\.(mmap|vector_type|partition_key).*2\.4 or newer at db:19530, found v?[12]\./);
      }
      for (const version of ["v2.4.0", "2.6.3", "3.0", "Zilliz Cloud Vector Database(Compatible with Milvus 2.5)", "unknown"]) {
        const { request, error } = await created({ [setting]: value }, { version });
        assert.notEqual(request, null, version);
        assert.equal(error, null, version);
      }
    });
  }

  const refusals: readonly (readonly [setting: string, settings: Partial<CreationSettings>, words: string])[] = [
    ["milvus.num_shards", { numShards: 99 }, "maximum shards's number should be limited to 16"],
    ["milvus.replica_number", { replicaNumber: 3 }, "nodes not enough"],
    ["milvus.partition_key", { partitionKey: "tenant" }, "the partition key field is not supported"],
  ];
  for (const [setting, settings, words] of refusals) {
    it(`names ${setting} if the server refuses it`, async () => {
      const { error } = await created(settings, { version: "2.5.0", refuses: words });
      assert.equal(error?.code, "config_invalid");
      assert.ok(error!.message.startsWith(`${setting}: create photos: expected success, found ${words}`), error!.message);
      const { error: other } = await created({}, { version: "2.5.0", refuses: words });
      assert.equal(other?.code, "unexpected", "a setting that is not set is not to blame");
    });
  }
});

describe("the fields of a new collection", () => {
  it("hold vectors of 16 bits, and the partition key as text", () => {
    const fields = fieldsOf(schema, {
      vectorField: "vector",
      declared: [],
      settings: { vectorType: "FLOAT16_VECTOR", partitionKey: "tenant" },
    });
    assert.equal(fields.find(({ name }) => name === "vector")?.data_type, "Float16Vector");
    assert.deepEqual(fields.at(-1), { name: "tenant", data_type: "VarChar", max_length: 65_535, is_partition_key: true });
  });

  it("partition by a declared field of text or int64, and by no other", () => {
    const fieldsFor = (partitionKey: string, type = "INT64") =>
      fieldsOf(schema, {
        vectorField: "vector",
        declared: declaredCollection.parse({ name: "photos", schema: { fields: [{ name: "tenant", type }] } }).schema.fields,
        settings: { vectorType: null, partitionKey },
      });
    assert.deepEqual(fieldsFor("tenant").at(-1), { name: "tenant", data_type: "Int64", is_partition_key: true });
    const refused = (error: unknown) =>
      HeadraceError.is(error) && error.code === "config_invalid" && error.message.startsWith("milvus.partition_key: ");
    assert.throws(() => fieldsFor("tenant", "DOUBLE"), refused);
    for (const taken of ["id", "vector", "source"]) assert.throws(() => fieldsFor(taken), refused);
  });
});

interface Request {
  readonly shards_num?: number;
  readonly properties: Readonly<Record<string, string>>;
}

/** Creates a collection on a server of a version, which may refuse to. `request`: what the server got. */
async function created(settings: Partial<CreationSettings>, server: { readonly version: string; readonly refuses?: string }) {
  let request: Request | null = null;
  const client = {
    getVersion: async () => ({ version: server.version }),
    createCollection: async (asked: Request) => {
      request = asked;
      if (server.refuses === undefined) return {};
      throw fromStatus("create photos", { error_code: "UnexpectedError", code: 65_535, reason: server.refuses }, endpoint);
    },
  };
  const connection = { endpoint, call: (_: string, ask: (each: typeof client) => unknown) => ask(client) } as unknown as MilvusConnection;
  const all = creationSettings(milvusSection.parse(settings), undefined);
  const creation = new Creation(connection, "photos", "FLAT", { settings: all, insert: { index: "auto" } });
  const [outcome] = await Promise.allSettled([creation.make({ description: "", fields: [] })]);
  const error = outcome.status === "rejected" ? HeadraceError.from(outcome.reason) : null;
  return { request: request as Request | null, error };
}
