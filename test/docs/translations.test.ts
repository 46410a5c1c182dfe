/**
 * Each page for users is also there in Chinese, and up to date: a translation names its English page and the SHA-256 of the text that it
 * was made from, has the same headings, tables and code, and `npm run translated -- PAGE` writes the new sum after a change.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { globSync } from "tinyglobby";
import { sumOf, translationOf } from "../../scripts/translated.js";

const pages = globSync(["README.md", "docs/architecture.md", "docs/guides/*.md"]).sort();

describe("the Chinese documents", () => {
  for (const page of pages) {
    const translation = translationOf(page);
    it(`${translation} was made from the present text of ${page}`, () => {
      assert.ok(existsSync(translation), `${page} has no translation: write ${translation}, then run npm run translated -- ${page}`);
      const [, english, sum] = /^<!-- (\S+) (\w+) -->\n/.exec(readFileSync(translation, "utf8")) ?? [];
      assert.deepEqual([english, sum], [page, sumOf(page)], `translate the change of ${page}, then run npm run translated -- ${page}`);
    });
    it(`${translation} has the headings, tables and code of ${page}`, () => {
      assert.deepEqual(outline(readFileSync(translation, "utf8").replace(/^<!--.*-->\n/, "")), outline(readFileSync(page, "utf8")));
    });
  }

  it("has no page whose English page is gone", () => {
    const expected = pages.map(translationOf).sort();
    assert.deepEqual(globSync(["README.zh.md", "docs/zh/**/*.md"]).sort(), expected);
  });
});

/** What a translation has in common with its page: code as it is, the levels of headings, the kinds of other lines. */
function outline(text: string): readonly string[] {
  const lines: string[] = [];
  let isCode = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    if (isCode || line.startsWith("```")) lines.push(line);
    else if (/^#+ /.test(line)) lines.push(line.replace(/ .*/, ""));
    else if (line.startsWith("|")) lines.push(`row of ${line.split(/(?<!\\)\|/).length - 2}`);
    else if (/^(- |\d+\. )/.test(line)) lines.push("item");
  }
  return lines;
}
