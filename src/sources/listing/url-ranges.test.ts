import assert from "node:assert/strict";
import { test } from "node:test";
import { urlCount, urlsOf } from "./url-ranges.js";

test("ranges of numbers in URLs are written out with the digits of the first number", () => {
  assert.deepEqual(
    [...urlsOf("https://a/{08..10}.tar?x={1..2}")],
    ["08", "09", "10"].flatMap((n) => [1, 2].map((x) => `https://a/${n}.tar?x=${x}`)),
  );
  assert.deepEqual([...urlsOf("s3://b/{9..11}")], ["s3://b/9", "s3://b/10", "s3://b/11"]);
  assert.deepEqual([...urlsOf("s3://b/{5..4}")], []);
});

test("paths, globs and other braces stay as they are", () => {
  for (const text of ["photos/{1..3}.jpg", "https://a/{x,y}.jpg", "https://a/{a..c}", "s3://b/{}"])
    assert.deepEqual([...urlsOf(text)], [text]);
});

test("the number of URLs is known without writing them out", () => {
  for (const text of [
    "https://a/{08..10}.tar?x={1..2}",
    "s3://b/{9..11}",
    "s3://b/{5..4}{1..3}",
    "photos/{1..3}.jpg",
    "https://a/{x,y}.jpg",
  ])
    assert.equal(urlCount(text), [...urlsOf(text)].length, text);
  assert.equal(urlCount("https://a/{0..999999999}{0..999999999}.jpg"), 1e18);
});
