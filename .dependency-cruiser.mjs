const rooms = {
  contracts: [],
  kit: ["contracts"],
  chain: ["contracts", "kit"],
  engine: ["contracts", "kit"],
  stages: ["contracts", "kit", "chain"],
  filter: ["contracts", "kit"],
  config: ["contracts", "kit"],
  insight: ["contracts", "kit"],
  adapters: ["contracts", "kit", "filter"],
  search: ["contracts", "kit", "chain", "filter"],
  operations: ["contracts", "kit", "chain", "engine", "stages", "search", "insight", "filter"],
  app: ["contracts", "kit", "chain", "engine", "stages", "filter", "config", "insight", "adapters", "search", "operations"],
  server: ["contracts", "kit", "app"],
  cli: ["contracts", "app", "server"],
};
// Which room alone may touch which packages.
const owners = {
  config: "^(yaml|fastest-levenshtein)$",
  cli: "^commander$",
  server: "^(fastify|@fastify/)",
  "adapters/fs": "^(picomatch|chokidar)$",
  "adapters/sharp": "^sharp$",
  "adapters/heif": "^libheif-js",
  "adapters/jxl": "^@jsquash/jxl",
  "adapters/jax": "^@jax-js/",
  "adapters/onnx": "^onnxruntime-",
  "adapters/triton": "^@grpc/",
  "adapters/milvus": "^@zilliz/",
  "adapters/lancedb": "^@lancedb/",
  "adapters/parquet": "^hyparquet",
  "adapters/csv": "^csv-parse$",
  "adapters/tar": "^tar$",
  "adapters/s3": "^@aws-sdk/",
  "adapters/zip": "^yauzl$",
};
const error = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
export default {
  forbidden: [
    error("no-cycles", "Split the file that both need into contracts or kit.", {}, { circular: true }),
    error(
      "no-orphans",
      "Nothing imports it: delete it.",
      { orphan: true, pathNot: "^src/(cli/launcher|index)\\.ts$|\\.(test|bench|d)\\.ts$" },
      {},
    ),
    ...Object.entries(rooms).map(([room, may]) =>
      error(
        `room-${room}`,
        `${room} may import: ${may.join(", ") || "nothing"}`,
        { path: `^src/${room}/`, pathNot: "\\.test\\.ts$" },
        { path: "^src/", pathNot: `^src/(${[room, ...may].join("|")})/` },
      ),
    ),
    error(
      "adapters-are-strangers",
      "Shared code goes to kit.",
      { path: "^src/adapters/([^/]+)/" },
      { path: "^src/adapters/", pathNot: "^src/adapters/$1/" },
    ),
    error(
      "stages-are-strangers",
      "Data passes through the engine, not through imports.",
      { path: "^src/stages/([^/]+)\\.ts$", pathNot: "^src/stages/(index|[^/]+\\.test)\\.ts$" },
      { path: "^src/stages/" },
    ),
    error(
      "front-doors-only",
      "Import a room by its index.ts (adapters: by their own).",
      { path: "^src/([^/]+)/", pathNot: "\\.test\\.ts$" },
      { path: "^src/[^/]+/.+", pathNot: "^src/($1/|[^/]+/index\\.ts$|adapters/[^/]+/(index|options)\\.ts$)" },
    ),
    error(
      "adapters-lazily",
      "Use import(): nobody loads a vendor that was not asked for. A worker thread loads what it needs at once.",
      { path: "^src/(app/|index\\.ts$)", pathNot: "/worker\\.ts$" },
      { path: "^src/adapters/", pathNot: "/options\\.ts$", dynamic: false, dependencyTypesNot: ["type-only"] },
    ),
    error("src-never-tests", "", { path: "^src/", pathNot: "\\.test\\.ts$" }, { path: "^(test|bench|examples)/|\\.test\\.ts$" }),
    error(
      "no-node-here",
      "These rooms use the language and AbortSignal only.",
      { path: "^src/(contracts|engine|stages|filter|search|insight)/", pathNot: "\\.test\\.ts$" },
      { dependencyTypes: ["core"] },
    ),
    error(
      "only-adapters-protobufjs",
      "protobufjs is used in src/adapters/milvus, src/adapters/onnx and src/adapters/triton alone",
      { path: "^src/", pathNot: "^src/adapters/(milvus|onnx|triton)/" },
      { dependencyTypesNot: ["local", "core"], path: "node_modules/protobufjs" },
    ),
    error(
      "only-adapters-undici",
      "undici is used in src/adapters/http and src/adapters/triton alone",
      { path: "^src/", pathNot: "^src/adapters/(http|triton)/" },
      { dependencyTypesNot: ["local", "core"], path: "node_modules/undici" },
    ),
    error(
      "only-adapters-arrow",
      "apache-arrow is used in src/adapters/lancedb and src/adapters/parquet alone",
      { path: "^src/", pathNot: "^src/adapters/(lancedb|parquet)/" },
      { dependencyTypesNot: ["local", "core"], path: "node_modules/apache-arrow" },
    ),
    ...Object.entries(owners).map(([room, pkg]) =>
      error(
        `only-${room.replace("/", "-")}`,
        `${pkg} is used in src/${room} alone`,
        { path: "^src/", pathNot: `^src/${room}/` },
        { dependencyTypesNot: ["local", "core"], path: `node_modules/${pkg.slice(1).replace(/\$$/, "/")}` },
      ),
    ),
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: "tsconfig.json" }, doNotFollow: { path: "node_modules" } },
};
