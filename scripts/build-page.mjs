/** Builds the web page of `headrace serve` into dist/page. A page whose sources have not changed comes from .cache/page. */
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Packages whose code or font is in the page. */
const bundled = { preact: "LICENSE", "@fontsource-variable/inter": "LICENSE" };
const cache = join(".cache", "page");

export async function buildPage(outdir) {
  const [{ build }, { globSync }] = await Promise.all([import("vite"), import("tinyglobby")]);
  const sources = [...globSync("web/**/*", { ignore: "**/*.test.*" }).sort(), "scripts/build-page.mjs"];
  const versions = ["vite", ...Object.keys(bundled)].map(
    (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version,
  );
  const hash = createHash("sha256").update(versions.join());
  for (const source of sources) hash.update(`${source}\0`).update(readFileSync(source));
  const kept = join(cache, hash.digest("hex").slice(0, 16));
  if (!existsSync(kept)) {
    const made = `${kept}.${process.pid}`;
    await build({ configFile: "web/vite.config.ts", logLevel: "warn", build: { outDir: join(process.cwd(), made) } });
    for (const [name, licence] of Object.entries(bundled)) {
      copyFileSync(`node_modules/${name}/${licence}`, join(made, `LICENSE-${name.split("/").at(-1)}`));
    }
    rmSync(kept, { recursive: true, force: true });
    renameSync(made, kept);
  }
  mkdirSync(outdir, { recursive: true });
  cpSync(kept, outdir, { recursive: true });
}
