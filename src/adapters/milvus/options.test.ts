import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { addressOf, creationSettings, declaredCollection, milvusSection } from "./options.js";

describe("milvus.uri", () => {
  const addresses: readonly (readonly [uri: string, host: string, port: number, secure: boolean, database: string | null])[] = [
    ["http://db", "db", 19_530, false, null],
    ["http://db:80", "db", 80, false, null],
    ["HTTP://db:19530/", "db", 19_530, false, null],
    ["https://in01-x.zillizcloud.com", "in01-x.zillizcloud.com", 443, true, null],
    ["https://db:19530/photos", "db", 19_530, true, "photos"],
    ["http://[::1]:19530", "[::1]", 19_530, false, null],
  ];
  for (const [uri, host, port, secure, database] of addresses) {
    it(`${uri} is an address`, () => {
      assert.deepEqual(addressOf(milvusSection.parse({ uri })), { host, port, secure, database });
    });
  }

  it("that is no address, or has credentials, is refused", () => {
    for (const uri of ["db:19530", "tcp://db", "http://", "http://user:secret@db", "https://db/a/b", "http://db?x=1", "http://db:port"]) {
      assert.equal(milvusSection.safeParse({ uri }).success, false, uri);
    }
  });

  it("may repeat what other settings say, and must not contradict them", () => {
    const same = { host: "db", port: 19_531, secure: true, database: "photos" };
    assert.deepEqual(addressOf(milvusSection.parse({ uri: "https://db:19531/photos", ...same })), same);
    assert.equal(addressOf(milvusSection.parse({ uri: "http://db", database: "photos" })).database, "photos");
    for (const [setting, value] of Object.entries({ host: "other", port: 1, database: "other" })) {
      assert.throws(
        () => addressOf(milvusSection.parse({ uri: "https://db:19531/photos", [setting]: value })),
        (error) => HeadraceError.is(error) && error.code === "config_conflict" && error.message.startsWith(`milvus.${setting}: `),
      );
    }
    assert.throws(() => addressOf(milvusSection.parse({ uri: "http://db", secure: true })), /milvus\.secure/);
  });
});

describe("settings of new collections", () => {
  it("of a declared collection override those of the section", () => {
    const section = milvusSection.parse({ numShards: 2, mmap: true, ttlSeconds: 60, partitionKey: "tenant" });
    assert.deepEqual(creationSettings(section, undefined), {
      vectorType: null,
      numShards: 2,
      replicaNumber: null,
      partitionKey: "tenant",
      mmap: true,
      ttlSeconds: 60,
    });
    const declared = declaredCollection.parse({ name: "photos", vectorType: "float16_vector", numShards: 4, mmap: false });
    assert.deepEqual(creationSettings(section, declared), {
      vectorType: "FLOAT16_VECTOR",
      numShards: 4,
      replicaNumber: null,
      partitionKey: "tenant",
      mmap: false,
      ttlSeconds: 60,
    });
  });

  it("out of range or of another type are refused before anything is sent", () => {
    for (const wrong of [
      { numShards: 0 },
      { replicaNumber: 0 },
      { ttlSeconds: 0 },
      { partitionKey: "a b" },
      { mmap: "on" },
      { vectorType: "INT8_VECTOR" },
    ]) {
      assert.equal(milvusSection.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
  });
});
