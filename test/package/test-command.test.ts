/** The test command itself: a test that fails is a failure, unless it passes when nothing runs beside it, and then it is named. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

describe("the test command", () => {
  let folder: string;
  const sources = {
    good: `test("good", () => {});`,
    bad: `test("bad", () => { throw new Error("bad"); });`,
    worse: `test("worse", () => { throw new Error("worse"); });`,
    unsteady: `test("unsteady", () => { if (existsSync(mark)) return; writeFileSync(mark, ""); throw new Error("the first time"); });`,
    turns: `test("first", () => { if (!existsSync(mark)) throw new Error("the first time"); });
      test("second", () => { if (existsSync(mark)) throw new Error("the second time"); writeFileSync(mark, ""); });`,
    hooked: `describe("suite", () => {
      before(() => { if (existsSync(mark)) throw new Error("the hook"); writeFileSync(mark, ""); });
      test("inner", () => { throw new Error("the first time"); });
    });`,
    ends: `test("ends", () => process.exit(3));`,
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-runner-"));
  });
  after(() => rm(folder, { recursive: true }));

  /** Runs two groups of files, `good` and the named ones, and returns the counts and what was printed. */
  async function run(names: readonly (keyof typeof sources)[], mostFilesAgain: number) {
    for (const name of ["good", ...names] as const) {
      const head = `import { before, describe, test } from "node:test";\nimport { existsSync, writeFileSync } from "node:fs";\n`;
      const mark = `const mark = ${JSON.stringify(join(folder, `${name}-${names.join("-")}`))};\n`;
      await writeFile(join(folder, `${name}.test.mjs`), `${head}${mark}${sources[name]}\n`);
    }
    const group = (files: readonly string[]) => ({ files: files.map((name) => join(folder, `${name}.test.mjs`)), concurrency: 1 });
    const script = `
      import { runTestGroups } from "./scripts/test-runs.mjs";
      const { pass, fail, skipped } = await runTestGroups(${JSON.stringify([group(["good"]), group(names)])}, ${mostFilesAgain});
      console.log(JSON.stringify({ pass, fail, skipped }));`;
    // Without this variable, or the runner would believe that it is a test of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const printed = await new Promise<string>((resolve, reject) =>
      execFile(process.execPath, ["--input-type=module", "-e", script], { env }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      ),
    );
    return { printed, counts: JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Record<string, number> };
  }

  test("a failure that comes again is one", async () => {
    const { printed, counts } = await run(["bad"], 2);
    assert.deepEqual(counts, { pass: 1, fail: 1, skipped: 0 });
    assert.match(printed, /Once more, alone:\n.*bad\.test\.mjs: bad\n/);
    assert.doesNotMatch(printed, /Unsteady/);
  });

  test("a test that passes alone is named, and counts as passed", async () => {
    const { printed, counts } = await run(["unsteady"], 2);
    assert.deepEqual(counts, { pass: 2, fail: 0, skipped: 0 });
    assert.match(printed, /Unsteady tests, which failed in one of two runs:\n.*unsteady\.test\.mjs: unsteady\n/);
  });

  test("two tests of a file that fail once each, in different runs, are both named, and count as passed", async () => {
    const { printed, counts } = await run(["turns"], 2);
    assert.deepEqual(counts, { pass: 3, fail: 0, skipped: 0 });
    assert.match(printed, /Unsteady tests, .*:\n.*turns\.test\.mjs: first\n.*turns\.test\.mjs: second\n/);
  });

  test("a test that failed and is then held back by a failed hook is a failure", async () => {
    assert.equal((await run(["hooked"], 2)).counts["fail"], 1);
  });

  test("a file that ends before its tests do is a failure", async () => {
    assert.equal((await run(["ends"], 2)).counts["fail"], 1);
  });

  test("more failed files than the limit are not run again", async () => {
    const { printed, counts } = await run(["bad", "worse", "unsteady"], 2);
    assert.deepEqual(counts, { pass: 1, fail: 3, skipped: 0 });
    assert.doesNotMatch(printed, /Once more/);
  });
});
