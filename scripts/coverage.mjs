/** Runs the tests that need no server, for `npm run coverage`: c8 watches this process and all that it starts. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { globSync } from "tinyglobby";
import { forgetBuilds } from "./build.mjs";
import { buildCommandForCoverage } from "./build-coverage.mjs";
import { testBuild } from "./build-tests.mjs";

forgetBuilds();
for (const folder of ["build", "dist"]) rmSync(folder, { recursive: true, force: true });
await build(testBuild());
// The command that the tests start.
await buildCommandForCoverage("dist");

/** Tests of servers, of the browser and of the packed package, and tests that kill: a process that is killed leaves no coverage behind. */
const apart = ["bench", "docs", "faults", "live", "long", "package", "page"];
const tests = globSync(["build/src/**/*.test.js", "build/test/**/*.test.js"], {
  ignore: [
    `build/test/{${apart.join()}}/**`,
    "build/test/conformance/{milvus,postgres,triton}.test.js",
    "build/test/store/foreign*.test.js",
  ],
}).sort();
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=dot", ...tests], { stdio: "inherit" });
process.exit(status ?? 1);
