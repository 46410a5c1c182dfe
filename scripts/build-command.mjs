/** Builds the command line: one file with all commands, and one file for each group of large packages. Node can keep their compiled code. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";

const options = { bundle: true, format: "cjs", platform: "node", target: "node20", charset: "ascii", logLevel: "warning", metafile: true };
const folder = "dist/cli";

/** Their own modules are small, and many. What is native stays in the installed packages. */
const packageFiles = {
  "lancedb.cjs": {
    packages: ["@lancedb/lancedb", "apache-arrow"],
    external: ["@lancedb/lancedb-*", "*.node", "openai", "@huggingface/transformers"],
  },
  "milvus.cjs": { packages: ["@zilliz/milvus2-sdk-node", "protobufjs/minimal.js"], external: [] },
};
/** Part of the file with the commands. */
const smallPackages = ["zod", "commander", "fastest-levenshtein", "picomatch"];

/** Returns the sum of the file with the commands. `external`: all packages of the package's own description. */
export async function buildCommand(external) {
  const builtPackages = {};
  for (const [file, { packages, external: native }] of Object.entries(packageFiles)) {
    const outfile = join(folder, "packages", file);
    const getters = packages.map((name) => `get ${JSON.stringify(name)}() { return require(${JSON.stringify(name)}); }`);
    const contents = `module.exports = { ${getters.join(", ")} };`;
    await bundle({ stdin: { contents, resolveDir: "." }, outfile, external: native });
    for (const name of packages) builtPackages[name] = { file, sum: sumOf(outfile), version: versionOf(name) };
  }
  const outfile = join(folder, "command.cjs");
  await bundle({
    entryPoints: ["src/cli/command.ts"],
    outfile,
    external: external.filter((name) => !smallPackages.includes(name)),
    define: { builtPackages: JSON.stringify(builtPackages) },
    banner: { js: 'const urlInDist = (path) => require("node:url").pathToFileURL(require("node:path").join(__dirname, "..", path)).href;' },
    plugins: [
      {
        name: "places",
        setup: ({ onLoad }) => onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => inOneFile(path, Object.keys(builtPackages))),
      },
    ],
  });
  // Code that V8 has kept cannot import by itself: `src/cli/process/code-cache.ts` gives it a function.
  writeFileSync(outfile, readFileSync(outfile, "utf8").replace(/(?<![.\w])import\(/g, "importPackage("));
  return sumOf(outfile);
}

async function bundle(more) {
  const { metafile } = await build({ ...options, ...more });
  copyLicences(Object.keys(metafile.inputs));
}

/** In one file, each module still finds what lies beside its own place in dist, such as its worker. Large packages come from their own files. */
async function inOneFile(path, packages) {
  const place = relative("src", path).replaceAll("\\", "/").replace(/ts$/, "js");
  const text = (await readFile(path, "utf8")).replaceAll("import.meta.url", `urlInDist(${JSON.stringify(place)})`);
  const loads = packages.filter((name) => text.includes(`load(${JSON.stringify(name)})`));
  if (loads.length === 0) return { contents: text, loader: "ts" };
  const start = `import { loadBuilt } from ${JSON.stringify(resolve("src/cli/process/built-packages.ts"))};`;
  const built = loads.reduce(
    (all, name) => all.replaceAll(`load(${JSON.stringify(name)})`, `loadBuilt(${JSON.stringify(name)}, load)`),
    text,
  );
  return { contents: start + built, loader: "ts" };
}

/** Puts the licences of all packages with a module among `inputs` into dist/licenses. */
function copyLicences(inputs) {
  const roots = new Set(inputs.map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter((root) => root !== undefined));
  for (const root of roots) {
    const name = root.slice(root.lastIndexOf("node_modules/") + "node_modules/".length).replace("/", "+");
    const found = readdirSync(root).filter((file) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(file));
    mkdirSync("dist/licenses", { recursive: true });
    for (const file of found) copyFileSync(join(root, file), `dist/licenses/${name}-${file}`);
  }
}

function sumOf(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

function versionOf(name) {
  const [root] = /^(@[^/]+\/)?[^/]+/.exec(name);
  return JSON.parse(readFileSync(join("node_modules", root, "package.json"), "utf8")).version;
}
