/** The main job on sixty photos, with the very commands that a user types. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeCorpus } from "../test/support/corpus/corpus.js";

const folder = join(".cache", "demo");
const photos = join(folder, "photos");
const data = join(folder, "data");

rmSync(data, { recursive: true, force: true });
const corpus = await makeCorpus({ folder: photos, count: 60, seed: 1, sizes: "mixed" });
const query = join(photos, corpus.photos.find(({ subject }) => subject === "coffee")?.file ?? "");

headrace("ingest", photos, "--collection", "demo");
headrace("search", query, "--collection", "demo", "--topk", "5", "--open", join(folder, "result.html"));
headrace("collection", "stats", "demo");
headrace("search", "--text", "cat", "--collection", "demo", "--topk", "5");

/** Runs one command as the user would, and stops the demo if it fails. */
function headrace(...args: readonly string[]): void {
  process.stdout.write(`\n$ npx headrace ${args.join(" ")}\n`);
  const { status } = spawnSync(process.execPath, [join("dist", "cli", "launcher.js"), ...args, "--set", `lancedb.path=${data}`], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
