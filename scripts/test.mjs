/**
 * The whole test command: builds, checks, and runs every test with Node's own runner, whose summary comes last.
 *
 *     npm test                              everything
 *     npm test -- src/engine                the tests below a folder, without the checks
 *     npm test -- src/engine/retry.test.ts  one file
 *     npm run test:watch -- src/engine      again whenever a file changes
 */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { context } from "esbuild";
import { globSync } from "tinyglobby";
import { testBuild } from "./build-tests.mjs";
import { runTestGroups } from "./test-runs.mjs";

const [isWatching, places] = [process.argv.includes("--watch"), process.argv.slice(2).filter((arg) => arg !== "--watch")];

/** More files than these that fail are no accident. */
const mostFilesAgain = 4;

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
  const groups = [
    { files: files.filter((file) => !needsMilvus(file)), concurrency: 2 },
    { files: files.filter(needsMilvus), concurrency: 1 },
  ];
  await runTestGroups(groups, { mostFilesAgain, unsteady: JSON.parse(readFileSync("test/unsteady.json", "utf8")) });
}

/** Node's runner watches the built files; esbuild writes those whose sources change. */
async function watch() {
  const building = await context(testBuild());
  await building.rebuild();
  await building.watch();
  const runner = spawn(process.execPath, ["--watch", "--test", "--test-concurrency=2", "--test-reporter=spec", ...testFiles()], {
    stdio: "inherit",
  });
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

/** Runs a command to its end and stops everything when it fails. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
