import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { globSync } from "tinyglobby";

const pages = globSync(["*.md", "docs/**/*.md", "models/*.md"]).sort();

describe("the documents", () => {
  for (const page of pages) {
    it(`${page} links to files that are there`, () => {
      const text = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);
      assert.deepEqual(
        targets.filter((target) => !existsSync(join(dirname(page), target))),
        [],
      );
    });
  }
});
