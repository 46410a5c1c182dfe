/** Setting the project up with npm. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";

test("npm finds nothing to warn of in the project's settings and packages", async () => {
  const { stdout, stderr } = await promisify(execFile)("npm", ["ci", "--dry-run", "--offline", "--no-audit", "--no-fund"]);
  assert.doesNotMatch(stdout + stderr, /warn/i);
});

test("installing the project runs no script of a package, so that nothing is downloaded besides packages", async () => {
  assert.match(await readFile(".npmrc", "utf8"), /^ignore-scripts=true$/m);
});
