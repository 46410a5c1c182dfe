/**
 * Builds the web page of `headrace serve`, and the page that the command line saves as one file. Pages whose sources have not changed come
 * from .cache/page.
 */
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Packages whose code or font is in the pages. */
const bundled = { preact: "LICENSE", "@fontsource-variable/inter": "LICENSE" };
const cache = join(".cache", "page");

/** Writes `page` and `saved-page` into a folder. */
export async function buildPages(folder) {
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
    const built = (name, options) =>
      build({ configFile: "web/vite.config.ts", logLevel: "warn", build: { ...options, outDir: join(process.cwd(), made, name) } });
    await built("page", {});
    await built("saved-page", { assetsInlineLimit: Number.MAX_SAFE_INTEGER, rolldownOptions: { input: "web/saved.html" } });
    joinFiles(join(made, "saved-page"));
    for (const [name, licence] of Object.entries(bundled)) {
      const file = `LICENSE-${name.split("/").at(-1)}`;
      for (const page of ["page", "saved-page"]) copyFileSync(`node_modules/${name}/${licence}`, join(made, page, file));
    }
    rmSync(kept, { recursive: true, force: true });
    renameSync(made, kept);
  }
  mkdirSync(folder, { recursive: true });
  cpSync(kept, folder, { recursive: true });
}

/** Puts script and styles into the page. Its policy lets nothing else run, whatever the data has in it. */
function joinFiles(folder) {
  const policies = [];
  const inside = (directive, name) => {
    const text = readFileSync(join(folder, name), "utf8").replaceAll("</script", "<\\/script");
    policies.push(`${directive} 'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    return text;
  };
  const page = readFileSync(join(folder, "saved.html"), "utf8")
    .replace(/<link rel="stylesheet"[^>]*href="\.\/([^"]+)"[^>]*>/, (_, name) => `<style>${inside("style-src", name)}</style>`)
    .replace(/<script type="module"[^>]*src="\.\/([^"]+)"[^>]*>/, (_, name) => `<script type="module">${inside("script-src", name)}`)
    .replace("<head>", () => `<head><meta http-equiv="content-security-policy" content="${policyOf(policies)}">`);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "index.html"), page);
}

function policyOf(policies) {
  return ["default-src 'none'", ...policies, "img-src data:", "font-src data:", "base-uri 'none'", "form-action 'none'"].join("; ");
}
