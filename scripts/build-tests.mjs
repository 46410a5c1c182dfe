/** Turns every TypeScript file into plain JavaScript below build/, same tree: what `node --test` runs on every Node version. */
import { rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { globSync } from "tinyglobby";

/** What esbuild is to do. */
export function testBuild() {
  return {
    entryPoints: globSync(["{src,test,bench,examples,scripts}/**/*.{ts,tsx}"], { ignore: ["**/*.d.ts"] }),
    outdir: "build",
    outbase: ".",
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    logLevel: "warning",
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  rmSync("build", { recursive: true, force: true });
  await build(testBuild());
}
