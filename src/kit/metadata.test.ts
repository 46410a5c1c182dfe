import assert from "node:assert/strict";
import { it } from "node:test";
import { checkMetadata, metadataHash } from "./metadata.js";

it("the fingerprint is the same whatever the order of keys, and blind to nulls", () => {
  assert.equal(metadataHash({ a: 1, b: "x" }), metadataHash({ b: "x", none: null, a: 1 }));
  assert.match(metadataHash({}), /^[0-9a-f]{32}$/);
});

it("the fingerprint tells values, types and names apart", () => {
  const different = [{}, { a: 1 }, { a: "1" }, { a: true }, { a: "true" }, { b: 1 }, { a: 1, b: 1 }, { a: '1","b":"1' }, { a: 1.5 }];
  assert.equal(new Set(different.map(metadataHash)).size, different.length);
  assert.equal(metadataHash({ a: 0 }), metadataHash({ a: -0 }));
});

it("names and values are checked, and the error names the item", () => {
  checkMetadata({ a: null, _b: "", c1: -0.5, d: false });
  assert.throws(() => checkMetadata({ source: 1 }, "cat.jpg"), { code: "metadata_name", item: "cat.jpg" });
  assert.throws(() => checkMetadata({ "exif.iso": 1 }), { code: "metadata_name" });
  assert.throws(() => checkMetadata({ a: Number.NaN }), { code: "metadata_type", message: /metadata a: .*found NaN/ });
  assert.throws(() => checkMetadata({ a: new Date() }), { code: "metadata_type" });
  assert.throws(() => checkMetadata(Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`k${at}`, 1]))), { code: "metadata_name" });
});
