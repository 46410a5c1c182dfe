/**
 * Builds the web page of `headrace serve`, and the page that the command line saves as one file. Pages whose sources have not changed come
 * from .cache/page.
 */
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Packages whose code or font is in the pages. */
const bundled = { preact: "LICENSE", "@fontsource-variable/inter": "LICENSE" };
const cache = join(".cache", "page");

/** Writes `page` and `saved-page` into a folder. */
export async function buildPages(folder) {
  const { globSync } = await import("tinyglobby");
  const sources = [...globSync("web/**/*", { ignore: "**/*.test.*" }).sort(), "scripts/build-page.mjs"];
  const versions = ["esbuild", ...Object.keys(bundled)].map(
    (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version,
  );
  const hash = createHash("sha256").update(versions.join());
  for (const source of sources) hash.update(`${source}\0`).update(readFileSync(source));
  const kept = join(cache, hash.digest("hex").slice(0, 16));
  if (!existsSync(kept)) {
    const made = `${kept}.${process.pid}`;
    await buildPage(join(made, "page"));
    await buildSavedPage(join(made, "saved-page"));
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

/** How esbuild bundles the script and the styles of a page: the browsers of spring 2023 and newer can run it. */
export function bundling(entry, outdir) {
  return {
    entryPoints: { index: entry },
    outdir,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "edge111", "firefox114", "safari16.4"],
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file" },
    assetNames: "[name]-[hash]",
    logLevel: "warning",
  };
}

/** The names of the files have a sum of their content, because browsers keep them for a year. */
async function buildPage(folder) {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    ...bundling("web/src/main.tsx", join(folder, "assets")),
    entryNames: "[name]-[hash]",
    metafile: true,
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const named = (ending) => `/assets/${names.find((name) => name.endsWith(ending))}`;
  const icon = readFileSync("web/src/style/icon.svg");
  const iconName = `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
  writeFileSync(join(folder, "assets", iconName), icon);
  const page = withFiles("web/index.html", { icon: `/assets/${iconName}`, styles: named(".css"), script: named(".js") });
  writeFileSync(join(folder, "index.html"), page);
}

/** The text of a page that names other files for its icon, its styles and its script. */
export function withFiles(path, { icon, styles, script }) {
  return readFileSync(path, "utf8")
    .replace(/href="[^"]*icon\.svg"/, () => `href="${icon}"`)
    .replace(
      /<script type="module" src="[^"]*"/,
      () => `<link rel="stylesheet" href="${styles}" />\n    <script type="module" src="${script}"`,
    );
}

/** Puts script and styles into the page. Its policy lets nothing else run, whatever the data has in it. */
async function buildSavedPage(folder) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...bundling("web/src/saved/main.tsx", folder),
    loader: { ".woff2": "dataurl" },
    write: false,
  });
  const policies = [];
  const inside = (directive, ending) => {
    const text = outputFiles.find(({ path }) => path.endsWith(ending)).text.replaceAll("</script", "<\\/script");
    policies.push(`${directive} 'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    return text;
  };
  const styles = inside("style-src", ".css");
  const script = inside("script-src", ".js");
  const page = readFileSync("web/saved.html", "utf8")
    .replace(/<script type="module" src="[^"]*">/, () => `<style>${styles}</style>\n    <script type="module">${script}`)
    .replace("<head>", () => `<head><meta http-equiv="content-security-policy" content="${policyOf(policies)}">`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "index.html"), page);
}

function policyOf(policies) {
  return ["default-src 'none'", ...policies, "img-src data:", "font-src data:", "base-uri 'none'", "form-action 'none'"].join("; ");
}
