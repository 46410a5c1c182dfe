import assert from "node:assert/strict";
import { test } from "node:test";
import { printFilter } from "../../test/support/filter-text.js";
import { fileUri } from "../kit/index.js";
import { parseFilter } from "./parse.js";

test("a path in a filter means the URI that rows of that path have", () => {
  for (const path of ["/home/me/sub dir/a.jpg", "/odd/日本 😀?.jpg", "/a/100%.jpg", "/a/x#1.jpg", "/a/caf\u0065\u0301.jpg"]) {
    const value = JSON.stringify(fileUri(path));
    assert.equal(printFilter(parseFilter(`source == ${JSON.stringify(path)}`)), `source == ${value}`);
    assert.equal(printFilter(parseFilter(`not source in [${JSON.stringify(path)}]`)), `not source in [${value}]`);
  }
});

test("a prefix may end anywhere in a name, and nothing of it is resolved away", () => {
  for (const [prefix, expected] of [
    ["/home/me/sub d", "file:///home/me/sub%20d"],
    ["/home/me/", "file:///home/me/"],
    ["/home/me/.", "file:///home/me/."],
    ["/", "file:///"],
    ["file:///home/me/sub%20dir/", "file:///home/me/sub%20dir/"],
    ["file:///a%2", "file:///a%2"],
  ] as const) {
    const [filter, again] = [parseFilter(`startsWith(source, ${JSON.stringify(prefix)})`), `startsWith(source, "${expected}")`];
    assert.equal(printFilter(filter), again);
    assert.deepEqual(parseFilter(again), filter);
  }
});

test("a URL that is written with blanks means the URL of rows, and itself", () => {
  const [written, stored] = ["file:///home/me/sub dir/é", "file:///home/me/sub%20dir/%C3%A9"];
  for (const [text, meant] of [
    [`startsWith(source, "${written}")`, `startsWith(source, "${written}") or startsWith(source, "${stored}")`],
    [`source == "${written}"`, `source in ["${written}", "${stored}"]`],
    [`source != "${written}"`, `not source in ["${written}", "${stored}"]`],
    [`source in ["x", "${written}"]`, `source in ["x", "${written}", "${stored}"]`],
  ] as const)
    assert.equal(printFilter(parseFilter(text)), meant);
});

test("other sources and other columns are taken as they are written", () => {
  for (const text of [
    'startsWith(source, "photos:sub dir/")',
    'source == "https://x/a b"',
    'startsWith(source, "file:")',
    'folder == "/a b"',
  ])
    assert.equal(printFilter(parseFilter(text)), text);
});
