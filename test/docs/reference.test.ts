import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { referencePages } from "../../scripts/reference/pages.js";
import { adapterTable } from "../../scripts/reference/support.js";
import { errorCodes } from "../../src/contracts/index.js";

describe("generated documentation", () => {
  for (const { path, render } of referencePages) {
    it(`${path} is what the code says`, async () => {
      const current = await readFile(path, "utf8");
      assert.equal(current, await render(current), `${path} is out of date: run "npm run reference"`);
    });
  }

  it("the page of what is supported has a row for each adapter, or it cannot be made", () => {
    const adapters = readdirSync("src/adapters").sort();
    assert.throws(() => adapterTable([...adapters, "qdrant"]), /verified of the adapter qdrant/);
    assert.throws(() => adapterTable(adapters.slice(1)), new RegExp(`found none for ${adapters[0]}`));
    for (const name of adapters) assert.match(adapterTable(adapters), new RegExp(`^\\| \`${name}\` \\| \\S`, "m"));
  });

  it("the page of errors and the list of codes name the same codes, in the same order", async () => {
    const page = await readFile("docs/reference/errors.md", "utf8");
    const documented = [...page.matchAll(/^\| `([a-z_]+)` +\| (item|batch|service|run) +\|/gm)].map(([, code]) => code);
    assert.deepEqual(documented, Object.keys(errorCodes));
  });
});
