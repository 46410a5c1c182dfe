import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFilter } from "../../../filter/index.js";
import { compileFilter, keyList } from "./filter.js";
import { filterColumns } from "./schema.js";

const columnOf = filterColumns({
  idType: "text",
  declared: [{ name: "rating", dataType: "Double", type: "number", maxBytes: 0, presence: "required", defaultValue: null }],
});
const compile = (text: string) => compileFilter(parseFilter(text), columnOf);

describe("filters for Milvus", () => {
  it("columns are named, metadata keys are looked up in the dynamic field", () => {
    assert.equal(compile('source == "a"'), '(source == "a")');
    assert.equal(compile("year == 2020"), '($meta["year"] == 2020.0)');
    assert.equal(compile("rating == 2"), "(rating == 2.0)");
    assert.equal(compile("width == 2"), "(width == 2)");
  });

  it("text is escaped so that it ends where it should", () => {
    assert.equal(compile('source == "\\" or id != \\"\\\\"'), '(source == "\\" or id != \\"\\\\")');
    assert.equal(keyList("id", ['"] or id in ["', "\\"]), 'id in ["\\"] or id in [\\"","\\\\"]');
  });

  it("unequal is less or greater, so that rows without the key do not pass", () => {
    assert.equal(compile("year != 5"), '($meta["year"] < 5.0 or $meta["year"] > 5.0)');
    assert.equal(compile("keep != true"), '($meta["keep"] == false)');
  });

  it("a prefix is a range, without wildcards", () => {
    assert.equal(compile('startsWith(source, "a%_")'), '(source >= "a%_" and source < "a%`")');
    assert.equal(compile('startsWith(source, "\uD7FF")'), '(source >= "\uD7FF" and source < "\uE000")');
    assert.equal(compile('startsWith(source, "")'), '(source >= "")');
    assert.equal(compile('startsWith(source, "\u{10FFFF}")'), '(source >= "\u{10FFFF}")');
  });

  it("whole columns are compared with the next whole number", () => {
    assert.equal(compile("width < 1.5"), "(width <= 1)");
    assert.equal(compile("width >= 1.5"), "(width >= 2)");
    assert.equal(compile("width == 1.5"), "(id in [])");
    assert.equal(compile("width < 1e300"), "(not (id in []))");
    assert.equal(compile("width > 1e300"), "(id in [])");
  });

  it("a list is cut into lists of one type; what cannot match is left out", () => {
    assert.equal(
      compile('year in [1, "a", 2.5, true]'),
      '($meta["year"] in ["a"] or $meta["year"] in [1.0,2.5] or $meta["year"] in [true])',
    );
    assert.equal(compile('width in [1, "a", 2.5]'), "(width in [1])");
    assert.equal(compile("year in []"), "(id in [])");
  });

  it("the least int64 is written as a comparison, as its digits are too many", () => {
    assert.equal(keyList("id", [-(2n ** 63n), 5n]), "(id in [5] or id < -9223372036854775807)");
  });
});

it("contains is refused with what to use instead, also below not and or", () => {
  for (const text of ['contains(camera, "X")', 'year == 1 or not contains(camera, "X")']) {
    assert.throws(() => compile(text), {
      code: "filter_invalid",
      message: /contains\(camera/,
      hint: /startsWith/,
    });
  }
});
