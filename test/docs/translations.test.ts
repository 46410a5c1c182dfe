/**
 * Each page for users is also there in Chinese, and says the same as far as a machine can tell: it has the same headings, tables, items and
 * code, and each of its sections names the same settings, commands and codes in backquotes.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { globSync } from "tinyglobby";

const pages = globSync(["README.md", "docs/architecture.md", "docs/guides/*.md"]).sort();

describe("the Chinese documents", () => {
  for (const page of pages) {
    const translation = translationOf(page);
    it(`${translation} has the headings, tables and code of ${page}`, () => {
      assert.ok(existsSync(translation), `${page} has no translation: write ${translation}`);
      assert.deepEqual(outline(readFileSync(translation, "utf8")), outline(readFileSync(page, "utf8")));
    });
    it(`${translation} has the names of ${page} in each section`, () => {
      const [english, chinese] = [page, translation].map((path) => namesBySection(readFileSync(path, "utf8")));
      assert.deepEqual(chinese, english, `translate the change of ${page}`);
    });
  }

  it("has no page whose English page is gone", () => {
    const expected = pages.map(translationOf).sort();
    assert.deepEqual(globSync(["README.zh.md", "docs/zh/**/*.md"]).sort(), expected);
  });

  it("a name that only one of both has is noticed, and the order of a sentence is not", () => {
    assert.notDeepEqual(namesBySection("# A\n`x` and `y`"), namesBySection("# B\n`x`"));
    assert.notDeepEqual(namesBySection("# A\n`x`\n## B\n`y`"), namesBySection("# A\n`x` `y`\n## B\n"));
    assert.deepEqual(namesBySection("# A\n`x` and `y\n  z`"), namesBySection("# B\n`y z`, `x`"));
  });
});

/** The Chinese page of an English one. */
function translationOf(page: string): string {
  return page === "README.md" ? "README.zh.md" : page.replace(/^docs\//, "docs/zh/");
}

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

/** What stands in backquotes in each section, each once, sorted. */
function namesBySection(text: string): readonly (readonly string[])[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
  return prose.split(/^#+ /m).map((section) => {
    const names = [...section.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name.replace(/\s+/g, " "));
    return [...new Set(names)].sort();
  });
}
