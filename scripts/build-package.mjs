/** Builds dist/: each entry of the package as one file, what they share as chunks, so that importing reads few files. tsc adds the types. */
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { globSync } from "tinyglobby";

const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
/** Loaded whole, zod takes longer than everything of ours: the part of it that we use goes into the bundle. */
const bundled = "zod";

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: [
    "src/index.ts",
    "src/contracts/index.ts",
    "src/kit/index.ts",
    "src/cli/main.ts",
    ...globSync(["src/adapters/*/index.ts", "src/adapters/*/worker.ts"]).sort(),
  ],
  outdir: "dist",
  outbase: "src",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  external: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter((name) => name !== bundled),
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
});
copyFileSync(`node_modules/${bundled}/LICENSE`, `dist/LICENSE-${bundled}`);
