/** The root of the repository has the files that tools and readers expect there, and no others. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const folders = [".ci", ".github", "bench", "config", "deploy", "docs", "examples", "models", "scripts", "src", "test", "web"];
const pages = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "README.zh.md"];
const containers = [".dockerignore", "Dockerfile", "compose.yaml"];
const packageFiles = [".npmrc", "package-lock.json", "package.json"];
const tools = [
  ".c8rc.json",
  ".dependency-cruiser.mjs",
  ".gitignore",
  ".jscpd.json",
  "biome.json",
  "knip.json",
  "redocly.yaml",
  "tsconfig.build.json",
  "tsconfig.json",
];
const expected = [...folders, ...pages, ...containers, ...packageFiles, ...tools].sort();

function git(...args: readonly string[]): readonly string[] {
  return execFileSync("git", args, { encoding: "utf8" }).split("\n").filter(Boolean);
}

test("each file and folder at the root is on this list", () => {
  const paths = git("ls-files", "--cached", "--others", "--exclude-standard");
  const found = [...new Set(paths.map((path) => path.split("/")[0] ?? ""))].sort();
  assert.deepEqual(found, expected);
});

test("logs of V8 are never committed", () => {
  assert.deepEqual(git("check-ignore", "isolate-0x1-1-v8.log", "bench/prof-v8.log"), ["isolate-0x1-1-v8.log", "bench/prof-v8.log"]);
});
