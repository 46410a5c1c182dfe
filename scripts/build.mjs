/**
 * `npm run build`: writes dist/, and leaves alone what is built already. The sums of what each part was built from are in .cache/sums.json.
 *
 * The types of the package take twenty seconds of tsc, so commands that do not need them build the program alone.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

if (!existsSync("node_modules/esbuild")) {
  process.stderr.write("The tools that build Headrace are missing: run `npm ci` in its folder first.\n");
  process.exit(1);
}
const { globSync } = await import("tinyglobby");

const sums = join(".cache", "sums.json");
const types = join(".cache", "types");
const tools = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "scripts/build*.mjs"];

/** The program, without its types: what `node dist/cli/launcher.js` runs. */
export function buildPackage() {
  buildOnce("dist", { inputs: ["src/**/*.ts", "web/**/*", ...tools], output: "dist/cli/launcher.js" }, () =>
    run("scripts/build-package.mjs"),
  );
}

/** The program with its types, as it is packed. */
export function buildPackageAndTypes() {
  buildPackage();
  buildOnce("types", { inputs: ["src/**/*.ts", ...tools], output: join(types, "index.d.ts") }, compileTypes);
  // A new dist/ has none.
  if (!existsSync("dist/index.d.ts")) cpSync(types, "dist", { recursive: true, filter: (path) => !path.endsWith(".tsbuildinfo") });
}

/** Every file of tests, benchmarks and scripts as JavaScript, below build/. */
export function buildTests() {
  const inputs = ["{src,test,bench,examples,scripts}/**/*.{ts,tsx}", ...tools];
  buildOnce("build", { inputs, output: "build/src/index.js" }, () => run("scripts/build-tests.mjs"));
}

/** For commands that build something else into dist/ and build/: the next command builds all of it again. */
export function forgetBuilds() {
  rmSync(sums, { force: true });
}

function buildOnce(name, { inputs, output }, build) {
  const sum = sumOf(inputs);
  if (existsSync(output) && readSums()[name] === sum) return;
  build();
  mkdirSync(".cache", { recursive: true });
  writeFileSync(sums, JSON.stringify({ ...readSums(), [name]: sum }));
}

/** tsc writes only what has changed, so what a file has left behind that is gone goes too. */
function compileTypes() {
  const info = join(types, "types.tsbuildinfo");
  run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", types, "--incremental", "--tsBuildInfoFile", info);
  for (const path of globSync("**/*.d.ts", { cwd: types })) {
    if (!existsSync(join("src", path.replace(/\.d\.ts$/, ".ts")))) rmSync(join(types, path));
  }
}

function sumOf(patterns) {
  const hash = createHash("sha256");
  for (const path of globSync(patterns).sort()) hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

function readSums() {
  return existsSync(sums) ? JSON.parse(readFileSync(sums, "utf8")) : {};
}

/** Runs a program of Node to its end, and ends this process if it fails. */
function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) buildPackageAndTypes();
