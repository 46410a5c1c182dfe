/** Rows, hand-written filters with the rows they must find, and generated filters. */
import fc from "fast-check";
import type { Comparison, Filter, MetadataValue } from "../../src/contracts/index.js";
import { batchOf, type TestRow } from "./store-rows-data.js";

const photos = { root: "file:///photos", width: 100, height: 50 };
const host = { root: "https://host/", width: 200, height: 100 };
const bucket = { root: "s3://bucket", width: 300, height: 300 };

/** What the cases below look through. `year` and `rating` are numbers, `camera` and `note` text, `keep` a boolean. */
export const filterRows: readonly TestRow[] = [
  {
    id: "a",
    facts: { ...photos, source: "file:///photos/2019/cat.jpg", version: "1" },
    metadata: { year: 2019, camera: "X100", rating: 4.5, keep: true, latitude: 46.2, longitude: 6.1 },
  },
  {
    id: "b",
    facts: { ...photos, source: "file:///photos/2020/dog.jpg", version: "2" },
    metadata: { year: 2020, camera: "x100", rating: -1, keep: false, latitude: 46.25, longitude: 6.15 },
  },
  {
    id: "c",
    facts: { ...photos, source: "file:///photos/2021/École.jpg", version: "10" },
    metadata: { year: 2021, camera: "X-T4", rating: 0, keep: null, latitude: -16.5, longitude: 179.95 },
  },
  { id: "d", facts: { ...host, source: "https://host/d.png" }, metadata: { camera: "", keep: true, latitude: 89.95, longitude: 170 } },
  { id: "e", facts: { ...host, source: "https://host/e%20e.png" }, metadata: { year: 2020.5, note: 'say "hi"' } },
  { id: "f", facts: { ...bucket, source: "s3://bucket/f.tif" }, metadata: { note: "it's 100% a_b\\c" } },
  { id: "g", facts: { ...bucket, source: "s3://bucket/g.tif" } },
  { id: "h", facts: { ...bucket, source: "s3://bucket/h.tif" }, metadata: { note: "\u{1F600} astral" } },
  { id: "i", facts: { ...bucket, source: "s3://bucket/i.tif" }, metadata: { note: "\uFF5E wide", year: -3.5e-7 } },
  { id: "j", facts: { ...bucket, source: "s3://bucket/j.tif" }, metadata: { note: "line\nbreak\ttab", year: 1e300 } },
];

/** [filter, ids that pass] */
export const filterCases: readonly (readonly [string, string])[] = [
  ["year == 2020", "b"],
  ["year == 2020.0", "b"],
  ["year != 2020", "aceij"],
  ["year < 2020", "ai"],
  ["year <= 2020", "abi"],
  ["year > 2020", "cej"],
  ["year >= 2020", "bcej"],
  ["year >= 2020.5 and year < 1e10", "ce"],
  ["year == -3.5e-7", "i"],
  ["year == 1e300", "j"],
  ["year > 1e299", "j"],
  ["year < -0.0000001", "i"],
  ["not year == 2020", "acdefghij"],
  ["not (year >= 2020)", "adfghi"],
  ["not year != 2020", "bdfgh"],
  ["rating == 0", "c"],
  ["rating == -0", "c"],
  ["rating < 0", "b"],
  ["rating > -0", "a"],
  ["rating <= 0", "bc"],
  ["rating in [0, 4.5]", "ac"],
  ['camera == "X100"', "a"],
  ['camera == "x100"', "b"],
  ['camera == ""', "d"],
  ['camera != "X100"', "bcd"],
  ['camera < "X100"', "cd"],
  ['camera >= "X100"', "ab"],
  ['camera in ["X100", "X-T4", "absent"]', "ac"],
  ["camera in []", ""],
  ["not camera in []", "abcdefghij"],
  ['not camera in ["X100"]', "bcdefghij"],
  ['not (not camera == "X100")', "a"],
  ['startsWith(camera, "X")', "ac"],
  ['startsWith(camera, "")', "abcd"],
  ['not startsWith(camera, "X")', "bdefghij"],
  ['startsWith(year, "2")', ""],
  ["exists(camera)", "abcd"],
  ["not exists(camera)", "efghij"],
  ["exists(keep)", "abd"],
  ["exists(nowhere)", ""],
  ["not exists(nowhere)", "abcdefghij"],
  ["exists(id) and exists(width) and exists(ingested_at)", "abcdefghij"],
  ["keep == true", "ad"],
  ["keep == false", "b"],
  ["keep != true", "b"],
  ["not keep == true", "bcefghij"],
  ["keep < true", "b"],
  ["keep in [true, false]", "abd"],
  ["nowhere == 1", ""],
  ["nowhere != 1", ""],
  ["not nowhere == 1", "abcdefghij"],
  ['nowhere in ["x", 1, true]', ""],
  ['startsWith(nowhere, "")', ""],
  ['year == "2020"', ""],
  ['year != "2020"', ""],
  ['not year == "2020"', "abcdefghij"],
  ["camera == 100", ""],
  ["camera < 100", ""],
  ["keep == 1", ""],
  ['keep == "true"', ""],
  ["year == true", ""],
  ['year in ["2020", 2019, true]', "a"],
  ['note == "say \\"hi\\""', "e"],
  ['note == "it\'s 100% a_b\\\\c"', "f"],
  ['startsWith(note, "it\'s 100%")', "f"],
  ['startsWith(note, "it\'s 100_")', ""],
  ['startsWith(note, "it\'s ____")', ""],
  ['startsWith(note, "%")', ""],
  ['startsWith(note, "it\'s 100% a_b\\\\")', "f"],
  ['note == "line\\nbreak\\ttab"', "j"],
  ['startsWith(note, "line\\n")', "j"],
  ['note == "\\ud83d\\ude00 astral"', "h"],
  ['startsWith(note, "\u{1F600}")', "h"],
  ['note > "\uFF5E wide"', "h"],
  ['note < "\u{1F600} astral"', "efij"],
  ['id == "a"', "a"],
  ['id in ["a", "j", "z"]', "aj"],
  ['id < "c"', "ab"],
  ["id == 1", ""],
  ["not id == 1", "abcdefghij"],
  ['startsWith(source, "file:///photos/20")', "abc"],
  ['source == "file:///photos/2021/École.jpg"', "c"],
  ['source == "https://host/e%20e.png"', "e"],
  ['root == "https://host/"', "de"],
  ['version == "10"', "c"],
  ['version < "2"', "ac"],
  ['content == "content of e"', "e"],
  ["width == 100", "abc"],
  ["width > 100", "defghij"],
  ["width >= 200 and height < 200", "de"],
  ["width == 100.5", ""],
  ["width != 100.5", "abcdefghij"],
  ["width < 100.5", "abc"],
  ["width > 99.5 and width <= 200.5", "abcde"],
  ["width < 1e30", "abcdefghij"],
  ["width > 5000000000", ""],
  ["width in [100, 200.5, 300, 1e40]", "abcfghij"],
  ['width == "100"', ""],
  ["ingested_at >= 1700000000000", "abcdefghij"],
  ["ingested_at == 1700000000000", "abcdefghij"],
  ["ingested_at > 1700000000000", ""],
  ["year == 2019 or year == 2021 and keep == true", "a"],
  ["(year == 2019 or year == 2021) and keep == true", "a"],
  ['(year == 2019 or camera == "") and not rating > 1', "d"],
  ["not (year == 2019 or exists(note))", "bcdg"],
  ["not (exists(year) and exists(camera))", "defghij"],
  ["not not exists(year)", "abceij"],
  ["near(latitude, longitude, 46.2, 6.1, 1 km)", "a"],
  ["near(latitude, longitude, 46.2, 6.1, 10 km)", "ab"],
  ["near(latitude, longitude, 46.2, 6.1, 999 m) or near(latitude, longitude, -16.5, -179.99, 20 km)", "ac"],
  ["not near(latitude, longitude, 46.2, 6.1, 10 km)", "cdefghij"],
  ["near(latitude, longitude, 89.9, 0, 50 km)", "d"],
  ["near(year, rating, 0, 0, 20000 km)", ""],
];

const texts = ["X100", "x100", "", "X-T4", 'say "hi"', "it's", "\u{1F600}", "\uFF5E", "a", "file:///photos", "%", "_", "\\", "'"];
const numbers = [2020, 2020.5, 0, -0, -1, 4.5, 100, 300, 1e300, -3.5e-7, 1_700_000_000_000, 1e19];
const keys = ["year", "camera", "rating", "keep", "note", "nowhere", "id", "source", "root", "width", "height", "ingested_at", "version"];

const value: fc.Arbitrary<MetadataValue> = fc.oneof(
  fc.constantFrom<MetadataValue>(...texts, ...numbers, true, false),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Mostly values of the key's own rows, so that filters tell rows apart. */
function valueFor(key: string): fc.Arbitrary<MetadataValue> {
  const stored = batchOf(filterRows).facts.map((facts, index) => {
    const row: Readonly<Record<string, unknown>> = { ...facts, ...facts.metadata, id: filterRows[index]!.id };
    return (row[key] ?? 1_700_000_000_000) as MetadataValue;
  });
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...stored) }, { weight: 1, arbitrary: value });
}

const anyKey = fc.constantFrom(...keys);
const comparison = fc.constantFrom<Comparison>("==", "!=", "<", "<=", ">", ">=");

/** [filter, ids that pass], for stores that look inside of texts. */
export const containsCases: readonly (readonly [string, string])[] = [
  ['contains(camera, "x")', "abc"],
  ['contains(camera, "X1")', "ab"],
  ['contains(camera, "")', "abcd"],
  ['not contains(camera, "x")', "defghij"],
  ['contains(year, "2")', ""],
  ['contains(nowhere, "")', ""],
  ['contains(note, "HI")', "e"],
  ['contains(note, "%")', "f"],
  ['contains(note, "_")', "f"],
  ['contains(note, "\\\\")', "f"],
  ['contains(note, "\'")', "f"],
  ['contains(note, "\u{1F600}")', "h"],
  ['contains(note, "\\n")', "j"],
  ['contains(source, "/2021/")', "c"],
  ['contains(source, "\u00e9cole")', ""],
  ['contains(source, "\u00c9COLE")', "c"],
  ['contains(id, "A") or contains(width, "1")', "a"],
];

const contains = fc.record({
  kind: fc.constant("contains" as const),
  key: anyKey,
  text: fc.oneof(fc.constantFrom(...texts, "X", "1", "FILE:", "2021", "\u00c9", " "), fc.string({ unit: "grapheme", maxLength: 2 })),
});

/** Filters over the rows above. */
export const filterWithoutContains = filtersOf(fc.record({ kind: fc.constant("exists" as const), key: anyKey }));
export const anyFilter = filtersOf(contains);

function filtersOf(another: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return fc.letrec<{ tree: Filter; term: Filter }>((tie) => ({
    term: fc.oneof(
      another,
      anyKey.chain((key) =>
        fc.record({ kind: fc.constant("compare" as const), key: fc.constant(key), operator: comparison, value: valueFor(key) }),
      ),
      anyKey.chain((key) =>
        fc.record({ kind: fc.constant("in" as const), key: fc.constant(key), values: fc.array(valueFor(key), { maxLength: 4 }) }),
      ),
      fc.record({ kind: fc.constant("startsWith" as const), key: anyKey, prefix: fc.constantFrom(...texts, "X", "file", "s3://bucket/") }),
      fc.record({ kind: fc.constant("exists" as const), key: anyKey }),
    ),
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("term"),
      fc.record({ kind: fc.constant("and" as const), all: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant("or" as const), any: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant("not" as const), filter: tie("tree") }),
    ),
  })).tree;
}
