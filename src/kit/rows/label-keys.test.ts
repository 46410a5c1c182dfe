import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLabelSet, isKeyOfSet, labelKey, labelScoreKey, scoreKey, withoutLabels } from "./label-keys.js";
import { metadataHash, metadataNameError } from "./metadata.js";

const sets = [null, "style", "a", "z9"];

test("the keys of one set belong to no other set, and none counts for the metadata hash", () => {
  for (const set of sets) {
    const keys = [labelKey(1, set), labelKey(2, set), labelKey(10, set), labelScoreKey(set), ...(set === null ? [] : [scoreKey(set)])];
    for (const key of keys) {
      assert.equal(metadataNameError(key), null, key);
      assert.deepEqual(
        sets.filter((other) => isKeyOfSet(key, other)),
        [set],
        key,
      );
      assert.deepEqual(withoutLabels({ [key]: "x", year: 2020 }), { year: 2020 });
      assert.equal(metadataHash({ [key]: "x" }), metadataHash({}));
    }
  }
});

test("keys that only begin alike are a person's own", () => {
  const own = { image_labels: 1, image_labelled: 2, image_score: 3, my_image_label: 4 };
  assert.deepEqual(withoutLabels(own), own);
  for (const key of Object.keys(own)) for (const set of sets) assert.equal(isKeyOfSet(key, set), false);
});

test("a name of a set cannot make a key of another set", () => {
  for (const name of ["", "Style", "style_2", "2", "score", "a".repeat(31), "ä", "a b", "__proto__"]) {
    assert.throws(() => checkLabelSet(name), /usage_invalid|expected a name/, name);
  }
  for (const name of ["style", "a", "scores", "x2", "a".repeat(30)]) checkLabelSet(name);
});
