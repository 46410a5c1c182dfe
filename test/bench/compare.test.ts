/** `npm run bench -- compare REF NAME` on a small repository with two versions of a benchmark. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { compare, comparisonTable } from "../../bench/compare.js";

const scripts = { build: "mkdir -p build/bench", "build:tests": "cp bench.js build/bench/main.js" };
let root = "";
const git = (...args: readonly string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], { cwd: root });

/** A benchmark that prints a note, the value of the commit, and one figure that only this version has. */
function writeBench(value: number, own: string, note: string): void {
  const table = [
    note,
    "| what | measured | promised | |",
    "| --- | --- | --- | --- |",
    `| speed of NAME, images/s | ${value} (1–900) | ≥ 5 | kept |`,
  ];
  const lines = JSON.stringify([...table, "| share | known 0 % |  |  |", `| ${own} | 3 |  |  |`].join("\n"));
  const noted = `require("node:fs").appendFileSync(${JSON.stringify(join(root, "calls.txt"))}, process.cwd().endsWith("compare") ? "R" : "H");`;
  writeFileSync(join(root, "bench.js"), `${noted}\nconsole.log(${lines}.replace("NAME", process.argv[2]));\n`);
}

before(() => {
  root = mkdtempSync(join(tmpdir(), "headrace-compare-"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "commonjs", scripts }));
  writeFileSync(join(root, ".gitignore"), ".cache\nbuild\ncalls.txt\n");
  git("init", "--quiet");
  writeBench(200, "only before", "Not counted: 2.0 cores were busy");
  git("add", ".");
  git("commit", "--quiet", "--message", "before");
  writeBench(300, "only here", "");
  mkdirSync(join(root, "build", "bench"), { recursive: true });
  writeFileSync(join(root, "build", "bench", "main.js"), readFileSync(join(root, "bench.js")));
});
after(() => rmSync(root, { recursive: true }));

test("both versions run in turn, and the figures that both have are compared", () => {
  const compared = compare("HEAD", "engine", { root, rounds: 2 });
  const figures = [{ what: "speed of engine, images/s", before: [200, 200], after: [300, 300] }];
  assert.deepEqual(compared, { figures, uncountedRuns: 2 });
  assert.equal(readFileSync(join(root, "calls.txt"), "utf8"), "RHRH");
  assert.match(comparisonTable("HEAD", compared), /^Not counted: other programs worked during 2 runs/);
  assert.match(comparisonTable("HEAD", { figures, uncountedRuns: 0 }), /^\| what/);
  assert.match(comparisonTable("HEAD", compared), /^\| speed of engine, images\/s \| 200\.000 .*\| 300\.000 .*\| 1\.500 \|$/m);
});

test("the checkout is gone afterwards, also after a failure", () => {
  assert.throws(() => compare("no-such-ref", "engine", { root }), /git worktree add .* ended with 128.*no-such-ref/s);
  assert.equal(existsSync(join(root, ".cache", "compare")), false);
  assert.equal(String(git("worktree", "list")).trim().split("\n").length, 1);
});
