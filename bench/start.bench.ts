/** What importing the built package costs a program, against an empty module, and the command's shortest answer. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { alternate, atMost, type BenchSection, median, plain, spread } from "./harness.js";

const rounds = 15;

export async function startUp(): Promise<BenchSection> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  try {
    const [empty, importing] = [join(folder, "empty.mjs"), join(folder, "importing.mjs")];
    await writeFile(empty, "");
    await writeFile(importing, `import ${JSON.stringify(pathToFileURL(resolve("dist/index.js")).href)};\n`);
    const times = await alternate(
      {
        empty: () => processMs(empty),
        importing: () => processMs(importing),
        version: () => processMs(resolve("dist/cli/launcher.js"), "--version"),
      },
      rounds,
    );
    return {
      name: "start",
      title: "Start: a fresh process that imports headrace",
      command: "npm run bench -- start",
      figures: [
        plain("an empty module, whole process, ms", spread(times.empty, 0)),
        plain('`import "headrace"`, whole process, ms', spread(times.importing, 0)),
        atMost("what the import adds, difference of medians, ms", median(times.importing) - median(times.empty), 60, 0),
        plain("`headrace --version`, whole process, ms", spread(times.version, 0)),
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function processMs(...args: readonly string[]): Promise<number> {
  const started = performance.now();
  const code = await new Promise<number | null>((fulfil, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    child.once("error", reject);
    child.once("close", fulfil);
  });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - started;
}
