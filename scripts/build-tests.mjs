/** Turns every TypeScript file into plain JavaScript below build/, same tree: what `node --test` runs on every Node version. */
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { globSync } from "tinyglobby";

const entryPoints = globSync(["{src,test,bench,examples,scripts}/**/*.{ts,tsx}"], { ignore: ["**/*.d.ts"] });
rmSync("build", { recursive: true, force: true });
await build({
  entryPoints,
  outdir: "build",
  outbase: ".",
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "warning",
});
