/** Builds dist/: each entry of the package as one file, what they share as chunks, so that importing reads few files. scripts/build.mjs adds the types. */
import { readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { globSync } from "tinyglobby";
import { buildCommand } from "./build-command.mjs";
import { buildPages } from "./build-page.mjs";

const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
/** Loaded whole, zod takes longer than everything of ours: the part of it that we use goes into the bundle. */
const bundled = "zod";
const external = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter((name) => name !== bundled);

rmSync("dist", { recursive: true, force: true });
const commandSum = await buildCommand(external);
const options = {
  outdir: "dist",
  outbase: "src",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  external,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
};
await build({
  ...options,
  define: { commandSum: JSON.stringify(commandSum) },
  entryPoints: [
    "src/index.ts",
    "src/contracts/index.ts",
    "src/kit-for-adapters.ts",
    "src/cli/launcher.ts",
    "src/cli/main.ts",
    "src/app/converter-worker/converter-worker.ts",
    "src/app/decode-workers/decode-workers.ts",
    ...globSync("src/adapters/*/index.ts").sort(),
  ],
});
// Each worker thread evaluates its code again. Chunks of their own have only what workers use.
await build({ ...options, entryPoints: globSync("src/{adapters,app}/*/worker.ts").sort() });
await buildPages("dist");
