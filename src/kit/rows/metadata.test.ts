import assert from "node:assert/strict";
import { it } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
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

it("a value or a name that no store keeps is refused with advice of its own", () => {
  for (const [metadata, code, message, hint] of [
    [{ tags: ["cat", "dog"] }, "metadata_type", /found a list/, /Join the list into one text/],
    [{ place: { city: "Oslo" } }, "metadata_type", /found an object/, /one key per value/],
    [{ size: Number.NaN }, "metadata_type", /found NaN/, /Omit the key/],
    [{ size: 7n }, "metadata_type", /found a bigint/, /text if every digit matters/],
    [{ CameraModel: "x" }, "metadata_name", /"CameraModel"/, /Call it "cameramodel"/],
    [{ "Größe in mm": 1 }, "metadata_name", /expected/, /Call it "gro_e_in_mm"/],
    [{ "2024": 1 }, "metadata_name", /"2024"/, /Call it "_2024"/],
    [{ Source: 1 }, "metadata_name", /"Source"/, /Call it "source_"/],
    [{ width: 1 }, "metadata_name", /"width"/, /Call it "width_"/],
    [{ 日本: 1 }, "metadata_name", /expected/, /none of the built-in/],
  ] as const) {
    assert.throws(
      () => checkMetadata(metadata, "a.jpg"),
      (error) => {
        assert.ok(HeadraceError.is(error));
        assert.deepEqual([error.code, error.item], [code, "a.jpg"]);
        assert.match(error.message, message);
        assert.match(error.hint, hint);
        return true;
      },
    );
  }
});
