import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { dependencyGroups, licenceOf, reasons } from "../../scripts/reference/dependencies.js";

const manifest = JSON.parse(await readFile("package.json", "utf8")) as Parameters<typeof dependencyGroups>[0];
const names = dependencyGroups(manifest).flatMap((group) => group.names);

describe("docs/dependencies.md", () => {
  it("lists the direct dependencies, all of them and no others, with reason and licence", async () => {
    const page = await readFile("docs/dependencies.md", "utf8");
    const rows = [...page.matchAll(/^\| `(.+?)` +\| (.+?) +\| (.+?) +\| .+? +\|$/gm)].map(([, name, reason, licence]) => ({
      name,
      reason,
      licence,
    }));
    assert.deepEqual(
      rows,
      names.map((name) => ({ name, reason: reasons[name], licence: licenceOf(name) })),
      'run "npm run reference"',
    );
  });

  it("knows no reason for what is no dependency any more", () => {
    assert.deepEqual(Object.keys(reasons).sort(), [...names].sort());
  });

  it("no dependency is without a licence", () => {
    assert.deepEqual(
      names.filter((name) => licenceOf(name) === "not stated"),
      [],
    );
  });
});
