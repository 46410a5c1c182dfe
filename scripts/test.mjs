/**
 * The whole test command: builds, checks, and runs every test with Node's own runner, whose summary comes last.
 *
 *     npm test                              everything
 *     npm test -- src/engine                the tests below a folder, without the checks
 *     npm test -- src/engine/retry.test.ts  one file
 *     npm run test:watch -- src/engine      again whenever a file changes
 *     npm run test:nightly                  everything, with all repetitions
 */
import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { context } from "esbuild";
import { globSync } from "tinyglobby";
import { buildPackage, buildPackageAndTypes, buildTests } from "./build.mjs";
import { testBuild } from "./build-tests.mjs";
import { runChecks } from "./check.mjs";
import { keepMilvus } from "./keep-milvus.mjs";
import { runTestLanes } from "./test-runs.mjs";

const [isWatching, places] = [process.argv.includes("--watch"), process.argv.slice(2).filter((arg) => arg !== "--watch")];

/** More files than these that fail are no accident. */
const mostFilesAgain = 4;
/** The slowest file takes five minutes on two busy cores. */
const fileTimeoutMs = (process.env.HEADRACE_TEST_EXTENT === "nightly" ? 120 : 15) * 60_000;
/** Tests of the packed package, and of the documentation, read the types. */
const readsTypes = (file) => /^build\/(test\/(package|docs)|scripts)\//.test(file);
const needsMilvus = (file) => file.includes("/live/milvus/") || file.endsWith("/conformance/milvus.test.js");
/** It stops, freezes or configures the server, and waits until nobody else uses it. */
const needsMilvusAlone = (file) => readFileSync(file, "utf8").includes('use: "alone"');

buildPackage();
if (isWatching) await watch();
else await testOnce();

async function testOnce() {
  buildTests();
  const files = testFiles();
  const milvusFiles = files.filter(needsMilvus);
  const endMilvus = milvusFiles.length > 1 ? keepMilvus() : async () => {};
  try {
    if (places.length === 0) {
      if (!(await checksPass())) return;
    } else if (files.some(readsTypes)) buildPackageAndTypes();
    // All tests share one Milvus, so its files are a lane of their own beside the others. What they print comes after what the others print.
    const lanes = [
      [{ files: files.filter((file) => !needsMilvus(file)), concurrency: 2 }],
      [
        { files: milvusFiles.filter((file) => !needsMilvusAlone(file)), concurrency: 2 },
        { files: milvusFiles.filter(needsMilvusAlone), concurrency: 1 },
      ],
    ];
    await runTestLanes(lanes, {
      fileTimeoutMs,
      mostFilesAgain: places.length === 0 ? mostFilesAgain : 0,
      unsteady: JSON.parse(readFileSync("test/unsteady.json", "utf8")),
    });
  } finally {
    await endMilvus();
  }
}

async function checksPass() {
  const failed = await runChecks();
  if (failed.length === 0) return true;
  process.stderr.write(`\nFailed: ${failed.join(", ")}\n`);
  process.exitCode = 1;
  return false;
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
