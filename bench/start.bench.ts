/** What starting costs: the command's shortest answers against a bare Node, and what importing the built package adds to an empty module. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { alternate, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { vgaJpegs } from "./vga-jpegs.js";

const rounds = 15;
const photos = 60;
const launcher = resolve("dist/cli/launcher.js");

export async function startUp(): Promise<BenchSection> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  try {
    const corpus = await vgaJpegs(photos);
    const [photo = ""] = await readdir(corpus);
    const [empty, importing] = [join(folder, "empty.mjs"), join(folder, "importing.mjs")];
    await writeFile(empty, "");
    await writeFile(importing, `import ${JSON.stringify(pathToFileURL(resolve("dist/index.js")).href)};\n`);
    const run = (...args: readonly string[]) => processMs(folder, args);
    await run(launcher, "ingest", corpus, "--quiet");
    const commands = {
      version: () => run(launcher, "--version"),
      count: () => run(launcher, "count"),
      search: () => run(launcher, "search", join(corpus, photo)),
    };
    // The first run of each command keeps the compiled code for the others.
    for (const first of Object.values(commands)) await first();
    const times = await alternate(
      { bare: () => run("-e", "0"), empty: () => run(empty), importing: () => run(importing), ...commands },
      rounds,
    );
    const ratio = (name: keyof typeof commands) => median(times[name]) / median(times.bare);
    return {
      name: "start",
      title: "Start: a fresh process for each command, and for a program that imports headrace",
      command: "npm run bench -- start",
      figures: [
        atMost("`headrace --version` ÷ `node -e 0`, whole processes", ratio("version"), 1.5, 2),
        atMost("`headrace count` ÷ `node -e 0`", ratio("count"), 4, 2),
        atMost("`headrace search PHOTO` ÷ `node -e 0`", ratio("search"), 8, 2),
        plain("`node -e 0`, ms", spread(times.bare, 0)),
        plain("`headrace --version`, ms", spread(times.version, 0)),
        plain("`headrace count`, ms", spread(times.count, 0)),
        plain("`headrace search PHOTO`, ms", spread(times.search, 0)),
        atMost(
          'what `import "headrace"` adds to an empty module, difference of medians, ms',
          median(times.importing) - median(times.empty),
          60,
          0,
        ),
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function processMs(cwd: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  const code = await new Promise<number | null>((fulfil, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
    child.once("error", reject);
    child.once("close", fulfil);
  });
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - started;
}
