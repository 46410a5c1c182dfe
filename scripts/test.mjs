/** The whole test command: builds, checks, and runs every test with Node's own runner, whose summary comes last. */
import { spawnSync } from "node:child_process";
import { globSync } from "tinyglobby";

const folders = process.argv.slice(2);
const patterns = folders.length > 0 ? folders.map((folder) => `build/${folder}/**/*.test.js`) : ["build/{src,test}/**/*.test.js"];

run("npm", ["run", "--silent", "build"]);
run("npm", ["run", "--silent", "build:tests"]);
if (folders.length === 0) run("npm", ["run", "--silent", "check"]);
const files = globSync(patterns).sort();
// There is one Milvus on a machine, and some tests stop, freeze or reconfigure it: these files run one after the other.
const milvus = files.filter((file) => file.includes("/live/milvus/") || file.endsWith("/conformance/milvus.test.js"));
const others = files.filter((file) => !milvus.includes(file));
if (others.length > 0) runTests(others, 2);
if (milvus.length > 0) runTests(milvus, 1);

function runTests(paths, concurrency) {
  run(process.execPath, ["--test", `--test-concurrency=${concurrency}`, "--test-reporter=spec", ...paths]);
}

/** Runs a command to its end and stops everything when it fails. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
