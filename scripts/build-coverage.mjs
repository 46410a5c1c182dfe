/** Builds the command as one JavaScript file for each source file, for `npm run coverage`. Bundled, it could not be told which lines of which file ran. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { globSync } from "tinyglobby";
import { testBuild } from "./build-tests.mjs";

/** `src/cli/main.ts` loads the bundled command, which is not built here. */
const main = 'import { endWithLauncher } from "./process/launcher-watch.js";\nendWithLauncher();\nawait import("./command.js");\n';

export async function buildCommandForCoverage(outdir) {
  const entryPoints = globSync("src/**/*.ts", { ignore: ["src/**/*.{test,d}.ts", "src/cli/main.ts"] });
  await build({ ...testBuild(), entryPoints, outdir, outbase: "src" });
  writeFileSync(join(outdir, "cli", "main.js"), main);
}
