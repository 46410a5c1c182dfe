/**
 * Prints what users get who install the packed package: packages, bytes and files of three projects. The table of docs/guides/install.md is
 * from here. Needs a built package and a registry:
 *
 *     npm run build && node scripts/installed-sizes.mjs
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { overrides, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const guide = readFileSync("docs/guides/install.md", "utf8");
const everything = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`);
const cases = [
  { name: "embedded", args: [], overrides },
  { name: "servers only", args: serversOnly(), overrides: {} },
  { name: "everything", args: everything, overrides },
  { name: "embedded, without the lines of `overrides`", args: [], overrides: {} },
];

const folder = mkdtempSync(join(tmpdir(), "headrace-sizes-"));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8" });
const [{ filename }] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], "."));
process.stdout.write("| project | packages | size | files |\n| --- | --- | --- | --- |\n");
for (const { name, args, overrides } of cases) {
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, overrides }));
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", join("..", filename), ...args], project);
  const locked = JSON.parse(readFileSync(join(project, "node_modules/.package-lock.json"), "utf8"));
  const sizes = readdirSync(join(project, "node_modules"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  const megabytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1_000_000);
  process.stdout.write(`| ${name} | ${Object.keys(locked.packages).length} | ${megabytes} MB | ${sizes.length.toLocaleString("en")} |\n`);
  rmSync(project, { recursive: true });
}
rmSync(folder, { recursive: true });

/** What the guide's command for servers names besides Headrace. */
function serversOnly() {
  const command = /npm install --omit=optional [^`]*?\n```/.exec(guide)?.[0] ?? "";
  return command
    .split(/[\s\\`]+/)
    .filter((word) => word !== "" && word !== "npm" && word !== "install" && !word.endsWith(".tgz") && !word.startsWith("--ignore"));
}
