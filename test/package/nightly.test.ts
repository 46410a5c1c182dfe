/** Nothing is lost: each long command runs every night, and each test of test/long is one of these commands. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { globSync } from "tinyglobby";
import { parse } from "yaml";

interface Workflow {
  readonly jobs: { readonly long: { readonly strategy: { readonly matrix: { readonly command: readonly string[] } } } };
}

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly scripts: Readonly<Record<string, string>> };
const nightly = (parse(readFileSync(".github/workflows/nightly.yml", "utf8")) as Workflow).jobs.long.strategy.matrix.command;
const ofLongTests = Object.keys(scripts).filter((name) => scripts[name]!.includes("build/test/long/"));

test("each test of test/long has a command", () => {
  const files = globSync("test/long/*.test.ts").sort();
  const run = ofLongTests.map((name) => `test/long/${/test\/long\/(\S+)\.test\.js/.exec(scripts[name]!)?.[1]}.test.ts`);
  assert.deepEqual(run.sort(), files);
});

test("each long command and all repetitions of the tests run every night", () => {
  assert.deepEqual([...nightly].sort(), ["test:nightly", ...ofLongTests].sort());
});

test("CONTRIBUTING names each long command", () => {
  const page = readFileSync("CONTRIBUTING.md", "utf8");
  for (const name of nightly) assert.match(page, new RegExp(`\\| \`npm run ${name}\` +\\|`));
});
