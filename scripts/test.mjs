/** The whole test command: builds, checks, and runs every test with Node's own runner, whose summary comes last. */
import { spawnSync } from "node:child_process";
import { globSync } from "tinyglobby";

const folders = process.argv.slice(2);
const patterns = folders.length > 0 ? folders.map((folder) => `build/${folder}/**/*.test.js`) : ["build/{src,test}/**/*.test.js"];

run("npm", ["run", "--silent", "build"]);
run("npm", ["run", "--silent", "build:tests"]);
if (folders.length === 0) run("npm", ["run", "--silent", "check"]);
const files = globSync(patterns).sort();
run(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=spec", ...files]);

/** Runs a command to its end and stops everything when it fails. */
function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
