/** The test command itself: a test that fails once is a failure, also if it passes when nothing runs beside it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";

describe("the test command", () => {
  let folder: string;
  let suitePath: string;
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
    hangs: `test("ends well", () => { setInterval(() => {}, 1_000); });`,
    leaves: `test("leaves a process", async () => {
      const { spawn } = await import("node:child_process");
      spawn("sleep", ["60.125"], { stdio: "inherit" }).unref();
    });`,
    shared: `const { suite } = await import(suitePath); suite();`,
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-runner-"));
    suitePath = join(folder, "suite.mjs");
    const suite = `export const suite = () => test("of a suite", () => { throw new Error("bad"); });`;
    await writeFile(suitePath, `import { test } from "node:test";\n${suite}\n`);
  });
  after(() => rm(folder, { recursive: true }));

  /** Runs two lanes of files, `good` and the named ones, and returns the counts, the exit code and what was printed. */
  async function run(names: readonly (keyof typeof sources)[], { listed = [] }: { readonly listed?: readonly string[] } = {}) {
    const label = [...names, ...listed].join("-");
    for (const name of ["good", ...names] as const) {
      const head = `import { before, describe, test } from "node:test";\nimport { existsSync, writeFileSync } from "node:fs";\n`;
      const mark = `const mark = ${JSON.stringify(join(folder, `${name}-in-${label}`))};\nconst suitePath = ${JSON.stringify(suitePath)};\n`;
      await writeFile(join(folder, `${name}.test.mjs`), `${head}${mark}${sources[name]}\n`);
    }
    const group = (files: readonly string[]) => ({ files: files.map((name) => join(folder, `${name}.test.mjs`)), concurrency: 1 });
    const unsteady = names.flatMap((name) => listed.map((each) => ({ file: relative(".", join(folder, `${name}.test.mjs`)), test: each })));
    const script = `
      import { runTestLanes } from "./scripts/test-runs.mjs";
      const options = { fileTimeoutMs: 8_000, mostFilesAgain: 2, unsteady: ${JSON.stringify(unsteady)} };
      console.log(JSON.stringify(await runTestLanes(${JSON.stringify([[group(["good"])], [group(names)]])}, options)));`;
    // Without this variable, or the runner would believe that it is a test of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { code, printed } = await new Promise<{ code: unknown; printed: string }>((resolve) =>
      execFile(process.execPath, ["--input-type=module", "-e", script], { env }, (error, stdout) =>
        resolve({ code: error === null ? 0 : error.code, printed: stdout }),
      ),
    );
    return { printed, code, counts: JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Record<string, number> };
  }

  test("a run without a failure succeeds", async () => {
    const { code, counts } = await run([]);
    assert.deepEqual([code, counts], [0, { pass: 1, fail: 0, skipped: 0 }]);
  });

  test("a failure that comes again is one", async () => {
    const { printed, code, counts } = await run(["bad"]);
    assert.deepEqual([code, counts], [1, { pass: 1, fail: 1, skipped: 0 }]);
    assert.match(printed, /Once more, alone:\n.*bad\.test\.mjs: bad\n/);
    assert.match(printed, /\nFailed:\n.*bad\.test\.mjs: bad\n {4}Error: bad\n {4} +at .*bad\.test\.mjs/);
    assert.doesNotMatch(printed, /passed alone/);
  });

  test("a test that fails every second time makes the command fail, and the second run names it", async () => {
    const { printed, code, counts } = await run(["unsteady"]);
    assert.deepEqual([code, counts], [1, { pass: 1, fail: 1, skipped: 0 }]);
    assert.match(printed, /Failed once and passed alone\. Each is a failure.*\n.*unsteady\.test\.mjs: unsteady\n/);
  });

  test("a listed test that fails once and passes alone is named, and makes nothing fail", async () => {
    const { printed, code, counts } = await run(["unsteady"], { listed: ["unsteady"] });
    assert.deepEqual([code, counts], [0, { pass: 1, fail: 0, skipped: 0 }]);
    assert.match(printed, /Not counted, because test\/unsteady\.json lists them:\n.*unsteady\.test\.mjs: unsteady\n/);
  });

  test("a listed test that fails alone too is a failure", async () => {
    const { code, counts } = await run(["bad"], { listed: ["bad"] });
    assert.deepEqual([code, counts], [1, { pass: 1, fail: 1, skipped: 0 }]);
  });

  test("a list excuses the tests that it names, and no other of their file", async () => {
    assert.equal((await run(["unsteady"], { listed: ["another"] })).code, 1);
  });

  test("a listed test is no excuse if another test of its file fails alone", async () => {
    const { code, counts } = await run(["turns"], { listed: ["first"] });
    assert.deepEqual([code, counts], [1, { pass: 2, fail: 1, skipped: 0 }]);
  });

  test("a test that failed and is then held back by a failed hook is a failure", async () => {
    const { code, counts } = await run(["hooked"], { listed: ["inner"] });
    assert.deepEqual([code, counts["fail"]], [1, 1]);
  });

  test("a failure in a suite that several files share is one, and is not said to have passed alone", async () => {
    const { printed, code, counts } = await run(["shared"], { listed: ["of a suite"] });
    assert.deepEqual([code, counts], [1, { pass: 1, fail: 1, skipped: 0 }]);
    assert.match(printed, /Not run again, because several test files share their code:\n.*suite\.mjs: of a suite\n/);
    assert.doesNotMatch(printed, /Once more|passed alone/);
  });

  test("a file that ends before its tests do is a failure", async () => {
    const { code, counts } = await run(["ends"]);
    assert.deepEqual([code, counts["fail"]], [1, 1]);
  });

  test("a file that never ends is ended, and is a failure with its name", async () => {
    const { printed, code, counts } = await run(["hangs"]);
    assert.deepEqual([code, counts], [1, { pass: 2, fail: 1, skipped: 0 }]);
    assert.match(printed, /\nFailed:\n.*hangs\.test\.mjs: .*hangs\.test\.mjs\n {4}.*timed out after 8000ms/);
  });

  test("a process that a test leaves, and that the runner waits for, is named and killed", async () => {
    const { printed, code, counts } = await run(["leaves"]);
    assert.deepEqual([code, counts["fail"]], [1, 1]);
    assert.match(printed, /These processes ran, and are killed now:\n(.*\n)*\d+ sleep 60\.125\n/);
  });

  test("more failed files than the limit are not run again", async () => {
    const { printed, code, counts } = await run(["bad", "worse", "unsteady"]);
    assert.deepEqual([code, counts], [1, { pass: 1, fail: 3, skipped: 0 }]);
    assert.doesNotMatch(printed, /Once more/);
  });
});
