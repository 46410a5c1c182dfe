/** `npm run check`: the checks of package.json (`check:lint`, `check:types` and so on), two at a time. Prints each one's output in one piece. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Checks that read dist/ begin with its types, which take as long as half of the others. */
const needPackage = ["check:package"];

/** Runs every check to its end, also after one has failed. Returns the names of those that failed. */
export async function runChecks() {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const commands = Object.entries(scripts).filter(([name]) => name.startsWith("check:"));
  const [ofPackage, others] = [true, false].map((wanted) => commands.filter(([name]) => needPackage.includes(name) === wanted));
  const failed = await Promise.all([runInOrder([["build", scripts["build"]], ...ofPackage]), runInOrder(others)]);
  return failed.flat();
}

async function runInOrder(commands) {
  const failed = [];
  for (const [name, command] of commands) {
    const path = `${resolve("node_modules", ".bin")}${delimiter}${process.env["PATH"]}`;
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PATH: path } });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (text += part));
    const startedMs = Date.now();
    const [code] = await once(child, "close");
    process.stdout.write(`${text}${code === 0 ? "passed" : "FAILED"}: ${name}, ${((Date.now() - startedMs) / 1_000).toFixed(1)} s\n`);
    if (code !== 0) failed.push(name);
  }
  return failed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exit((await runChecks()).length > 0 ? 1 : 0);
