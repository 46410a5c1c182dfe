import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { counted, printable, shownSource } from "./printable-text.js";

test("a file below the working directory is shown by its path from there, any other by its whole path", () => {
  const uri = (path: string): string => pathToFileURL(path).href;
  assert.equal(shownSource(uri(join(process.cwd(), "sub dir", "日本 😀?.jpg"))), join("sub dir", "日本 😀?.jpg"));
  assert.equal(shownSource(uri("/elsewhere/a b.jpg")), "/elsewhere/a b.jpg");
  assert.equal(shownSource(uri(join(process.cwd(), "..", "..a.jpg"))), join(process.cwd(), "..", "..a.jpg"));
  for (const source of ["photos:2020/a b.jpg", "https://x/a%20b.jpg", "file://elsewhere/a%20b.jpg", "sha256:00"])
    assert.equal(shownSource(source), source);
});

test("a hostile name cannot write to the terminal", () => {
  assert.equal(shownSource("photos:\x1b[31mred\x07\n\u202egpj.exe\x9b0m"), "photos:\\x1b[31mred\\x07\\n\\u202egpj.exe\\x9b0m");
  assert.equal(printable("two\nlines\tand \u2028 one"), "two\nlines\tand \\u2028 one");
});

test("one is singular", () => {
  assert.deepEqual([counted(0, "row"), counted(1, "row"), counted(2_000, "row")], ["0 rows", "1 row", "2,000 rows"]);
});
