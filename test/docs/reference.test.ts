import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { referencePages } from "../../scripts/reference/pages.js";
import { errorCodes } from "../../src/contracts/index.js";

describe("generated documentation", () => {
  for (const { path, render } of referencePages) {
    it(`${path} is what the code says`, async () => {
      const current = await readFile(path, "utf8");
      assert.equal(current, await render(current), `${path} is out of date: run "npm run reference"`);
    });
  }

  it("the page of errors and the list of codes name the same codes, in the same order", async () => {
    const page = await readFile("docs/reference/errors.md", "utf8");
    const documented = [...page.matchAll(/^\| `([a-z_]+)` +\| (item|batch|service|run) +\|/gm)].map(([, code]) => code);
    assert.deepEqual(documented, Object.keys(errorCodes));
  });
});
