import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { printFilter } from "../../test/support/filter-text.js";
import { type Filter, HeadraceError } from "../contracts/index.js";
import { checkFilter, filterLimits, parseFilter } from "./index.js";

const term = (key: string): Filter => ({ kind: "exists", key });
const [a, b, c] = [term("a"), term("b"), term("c")];

describe("parsing a filter", () => {
  it("`not` binds tighter than `and`, `and` tighter than `or`", () => {
    const parsed = parseFilter("exists(a) or not exists(b) and exists(c)");
    assert.deepEqual(parsed, { kind: "or", any: [a, { kind: "and", all: [{ kind: "not", filter: b }, c] }] });
    assert.deepEqual(parseFilter("(exists(a) or exists(b)) and exists(c)"), { kind: "and", all: [{ kind: "or", any: [a, b] }, c] });
    assert.deepEqual(parseFilter("exists(a) and exists(b) and exists(c)"), { kind: "and", all: [a, b, c] });
  });

  it("reads every kind of value", () => {
    const values = parseFilter('k in ["a\\"\\\\\\n\\u00e9", -1.5e3, 0, true, false]');
    assert.deepEqual(values, { kind: "in", key: "k", values: ['a"\\\n\u00e9', -1500, 0, true, false] });
    assert.deepEqual(parseFilter("k in []"), { kind: "in", key: "k", values: [] });
    assert.deepEqual(parseFilter('startsWith(k,"x")'), { kind: "startsWith", key: "k", prefix: "x" });
  });

  it("takes the language's own words as keys where an operator follows", () => {
    for (const key of ["and", "or", "not", "in", "exists", "true"]) {
      assert.deepEqual(parseFilter(`${key} == 1`), { kind: "compare", key, operator: "==", value: 1 });
      assert.deepEqual(parseFilter(`not ${key} in [1]`), { kind: "not", filter: { kind: "in", key, values: [1] } });
      assert.deepEqual(parseFilter(`exists(${key})`), term(key));
    }
  });

  const faults: readonly (readonly [string, number, string, string])[] = [
    ["", 1, "a key", "the end"],
    ["   ", 4, "a key", "the end"],
    ["year", 5, "==", "the end"],
    ["year = 2020", 6, "==", "="],
    ["year == ", 9, "a value", "the end"],
    ["year == 2020 2021", 14, "`and`, `or` or the end", "2021"],
    ["year == 2020 and", 17, "a key", "the end"],
    ["year == 2020 AND keep == true", 14, "`and`, `or` or the end", "AND"],
    ["(year == 2020", 14, ")", "the end"],
    ["year == 2020)", 13, "`and`, `or` or the end", ")"],
    ["year in 2020", 9, "[", "2020"],
    ["year in [2020", 14, "]", "the end"],
    ["year in [2020,]", 15, "a value", "]"],
    ["year == abc", 9, "a value", "abc"],
    ["camera == 'X'", 11, "double quotes", "'"],
    ['camera == "X', 11, 'a closing "', '"X'],
    ['camera == "a\\x"', 11, "escapes of JSON", '"a\\x"'],
    ['camera == "a\nb"', 11, "escapes of JSON", '"a\nb"'],
    ['camera == "\\ud800"', 11, "well-formed", '"\\ud800"'],
    ["year == 01", 9, "a number", "01"],
    ["year == 1e999", 9, "a number", "1e999"],
    ["year == 9007199254740993", 9, "a whole number between", "9007199254740993"],
    ["Year == 1", 1, "lower-case", "Year"],
    ["vector == 1", 1, "`vector`", "vector"],
    ["exif.iso == 1", 5, "an operator", "."],
    ["startsWith(camera, 1)", 20, "double quotes", "1"],
    ["startsWith(camera)", 18, ",", ")"],
    ["exists()", 8, "a key", ")"],
    ["exists camera", 8, "(", "camera"],
    ["year == 1; drop", 10, "a key, a value or an operator", ";"],
    ["1 == year", 1, "a key", "1"],
    ["and year == 1", 1, "a comparison", "and"],
    [`${"x".repeat(64)} == 1`, 1, "at most 63", "x".repeat(40)],
  ];
  for (const [text, position, expected, found] of faults) {
    it(`${JSON.stringify(text).slice(0, 40)} is refused at character ${position}`, () => {
      assert.throws(
        () => parseFilter(text),
        (error) => {
          assert.ok(HeadraceError.is(error) && error.code === "filter_invalid");
          assert.ok(error.message.includes(`at character ${position}: expected `), error.message);
          assert.ok(error.message.includes(expected), error.message);
          assert.ok(error.message.includes(`found ${found}`), error.message);
          return true;
        },
      );
    });
  }

  it("refuses hostile sizes before they cost anything", () => {
    const hostile = [
      `${"(".repeat(50_000)}year == 1${")".repeat(49_000)}`,
      `${"not ".repeat(20_000)}exists(a)`,
      "(".repeat(filterLimits.maxDepth + 1),
      Array.from({ length: filterLimits.maxTerms + 1 }, () => "exists(a)").join(" or "),
      `a in [${Array.from({ length: filterLimits.maxValues + 1 }, () => "1").join(",")}]`,
      `a == "${"x".repeat(filterLimits.maxChars)}"`,
      `a == "${"\\".repeat(99_000)}`,
    ];
    for (const text of hostile) {
      const start = performance.now();
      assert.throws(() => parseFilter(text), { code: "filter_invalid" });
      assert.ok(performance.now() - start < 1000);
    }
  });

  it("takes filters up to its limits", () => {
    const deep = `${"(".repeat(filterLimits.maxDepth - 1)}exists(a)${")".repeat(filterLimits.maxDepth - 1)}`;
    assert.deepEqual(parseFilter(deep), a);
    const wide = Array.from({ length: filterLimits.maxTerms }, () => "exists(a)").join(" or ");
    assert.equal(parseFilter(wide).kind, "or");
  });
});

describe("a filter's tree", () => {
  it("printed and parsed again is the same tree", () => {
    const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,62}$/).filter((word) => word !== "vector");
    const text = fc.string({ unit: "binary" }).filter((value) => !/\p{Cs}/u.test(value));
    const number = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value));
    const value = fc.oneof(text, number, fc.boolean());
    const trees = fc.letrec<{ tree: Filter }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.record({ kind: fc.constant("exists" as const), key }),
        fc.record({ kind: fc.constant("compare" as const), key, operator: fc.constantFrom("==", "!=", "<", "<=", ">", ">="), value }),
        fc.record({ kind: fc.constant("in" as const), key, values: fc.array(value, { maxLength: 3 }) }),
        fc.record({ kind: fc.constant("startsWith" as const), key, prefix: text }),
        fc.record({ kind: fc.constant("not" as const), filter: tie("tree") }),
        fc.record({ kind: fc.constant("and" as const), all: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
        fc.record({ kind: fc.constant("or" as const), any: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }) }),
      ) as fc.Arbitrary<Filter>,
    })).tree;
    fc.assert(fc.property(trees, (tree) => assert.deepEqual(parseFilter(printFilter(tree)), structuredClone(tree))));
  });

  it("from elsewhere is checked as strictly as the text", () => {
    const bad: readonly unknown[] = [
      { kind: "exists", key: "vector" },
      { kind: "exists", key: 'a" or 1=1' },
      { kind: "compare", key: "a", operator: "==", value: Number.NaN },
      { kind: "compare", key: "a", operator: "==", value: null },
      { kind: "compare", key: "a", operator: "==", value: "\ud800" },
      { kind: "compare", key: "a", operator: "= 1 or", value: 1 },
      { kind: "in", key: "a", values: [1, Number.POSITIVE_INFINITY] },
      { kind: "and", all: [] },
      { kind: "or", any: [] },
      { kind: "raw", sql: "1=1" },
      { kind: "not", filter: { kind: "raw" } },
    ];
    for (const filter of bad) assert.throws(() => checkFilter(filter as Filter), { code: "filter_invalid" }, JSON.stringify(filter));
    checkFilter({ kind: "and", all: [a] });
  });
});
