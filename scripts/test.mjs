/**
 * The whole test command: builds, checks, and runs every test with Node's own runner, whose summary comes last.
 *
 *     npm test                              everything
 *     npm test -- src/engine                the tests below a folder, without the checks
 *     npm test -- src/engine/retry.test.ts  one file
 *     npm run test:watch -- src/engine      again whenever a file changes
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { context } from "esbuild";
import { globSync } from "tinyglobby";
import { testBuild } from "./build-tests.mjs";

const [isWatching, places] = [process.argv.includes("--watch"), process.argv.slice(2).filter((arg) => arg !== "--watch")];

run("npm", ["run", "--silent", "build"]);
if (isWatching) await watch();
else await testOnce();

async function testOnce() {
  run("npm", ["run", "--silent", "build:tests"]);
  if (places.length === 0) run("npm", ["run", "--silent", "check"]);
  const files = testFiles();
  // All tests share one Milvus, and some stop, freeze or reconfigure it. So these run one after the other, at the same time as the other
  // tests. What they print comes after what the others print.
  const needsMilvus = (file) => file.includes("/live/milvus/") || file.endsWith("/conformance/milvus.test.js");
  const groups = [files.filter((file) => !needsMilvus(file)), files.filter(needsMilvus)].filter((group) => group.length > 0);
  const runs = groups.map((group) => runTests(group, needsMilvus(group[0]) ? 1 : 2));
  const counted = { pass: 0, fail: 0, skipped: 0 };
  let status = 0;
  for (const { output, ended } of runs) {
    for await (const text of output) process.stdout.write(text);
    const { code, counts } = await ended;
    status ||= code;
    for (const key of Object.keys(counted)) counted[key] += counts[key];
  }
  if (runs.length > 1) process.stdout.write(`\n${counted.pass} passed, ${counted.fail} failed, ${counted.skipped} skipped\n`);
  process.exit(status);
}

/** One process of Node's runner: what it prints, and with what code and which counts it ended. */
function runTests(paths, concurrency) {
  const output = new PassThrough({ encoding: "utf8" });
  const child = spawn(process.execPath, runnerArguments(paths, concurrency), { stdio: ["ignore", "pipe", "inherit"] });
  const counts = { pass: 0, fail: 0, skipped: 0 };
  createInterface(child.stdout)
    .on("line", (line) => {
      const [, name, count] = /^\S* ?(pass|fail|skipped) (\d+)$/.exec(line) ?? [];
      if (name !== undefined) counts[name] = Number(count);
      output.write(`${line}\n`);
    })
    .on("close", () => output.end());
  // A runner that a signal ended has no code: that is a failure too.
  return { output, ended: once(child, "close").then(([code]) => ({ code: code ?? 1, counts })) };
}

/** Node's runner watches the built files; esbuild writes those whose sources change. */
async function watch() {
  const building = await context(testBuild());
  await building.rebuild();
  await building.watch();
  const runner = spawn(process.execPath, ["--watch", ...runnerArguments(testFiles(), 2)], { stdio: "inherit" });
  runner.on("exit", (code) => building.dispose().then(() => process.exit(code ?? 1)));
}

/** The built tests of the folders and files that were asked for. */
function testFiles() {
  // Tests below test/long have commands of their own: `npm run fuzz`, `npm run kills`, `npm run soak` and `npm run load`.
  const patterns = places.length === 0 ? ["build/{src,test,scripts}/**/*.test.js", "!build/test/long/**"] : places.map(patternOf);
  const files = globSync(patterns).sort();
  if (files.length > 0) return files;
  process.stderr.write(`There is no test in ${places.join(", ")}: name a folder, or a file that ends in .test.ts.\n`);
  return process.exit(1);
}

function patternOf(place) {
  const path = place.replace(/^\.\//, "").replace(/\/+$/, "");
  if (path.endsWith(".ts")) return `build/${path.replace(/\.ts$/, ".js")}`;
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? `build/${path}/**/*.test.js` : `build/${path}`;
}

function runnerArguments(paths, concurrency) {
  return ["--test", `--test-concurrency=${concurrency}`, "--test-reporter=spec", ...paths];
}

/** Runs a command to its end and stops everything when it fails. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
