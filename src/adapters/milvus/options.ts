/** The `milvus`, `collections` and `insert` sections of the configuration. */
import * as z from "zod";
import { HeadraceError } from "../../contracts/index.js";

export const indexTypes = [
  "AUTOINDEX",
  "FLAT",
  "IVF_FLAT",
  "IVF_SQ8",
  "IVF_PQ",
  "HNSW",
  "SCANN",
  "DISKANN",
  "GPU_IVF_FLAT",
  "GPU_IVF_PQ",
  "GPU_CAGRA",
  "GPU_BRUTE_FORCE",
] as const;

export type IndexType = (typeof indexTypes)[number];

const upper = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.preprocess((value) => (typeof value === "string" ? value.toUpperCase() : value), z.enum(values));
const whole = (min: number, max: number, description: string) => z.int().min(min).max(max).nullable().default(null).describe(description);

/** Parameters for building an index. null: the default of Headrace or of the server. */
const buildParameters = {
  nlist: whole(1, 65_536, "IVF, SCANN: clusters. Default 128."),
  M: whole(2, 2048, "HNSW: links per node. Default 16."),
  efConstruction: whole(8, 32_768, "HNSW: candidates while building. Default 256.").meta({ inFiles: "efConstruction" }),
  m: whole(1, 65_536, "PQ: parts per vector. Must divide the dimension. Default: an eighth of the dimension, if that is whole."),
  nbits: whole(1, 16, "PQ: bits per part. Default 8."),
  intermediateGraphDegree: whole(1, 4096, "GPU_CAGRA: links per node before pruning. Default: the server's."),
  graphDegree: whole(1, 4096, "GPU_CAGRA: links per node. Default: the server's."),
  buildAlgo: z.enum(["IVF_PQ", "NN_DESCENT"]).nullable().default(null).describe("GPU_CAGRA: algorithm that builds the graph."),
  cacheDatasetOnDevice: z.boolean().nullable().default(null).describe("GPU indexes: keep the vectors in GPU memory."),
};

/** Parameters for searching an index. null: the default of Headrace or of the server. */
const searchParameters = {
  nprobe: whole(1, 65_536, "IVF, SCANN: clusters searched, at most nlist. Default 16."),
  ef: whole(1, 32_768, "HNSW: candidates while searching; at least topK is used. Default 64."),
  reorderK: whole(1, 65_536, "SCANN: candidates whose exact distance is computed; at least topK is used. Default: the server's."),
  searchList: whole(1, 65_535, "DISKANN: candidates while searching; at least topK is used. Default 100."),
  itopkSize: whole(1, 4096, "GPU_CAGRA: intermediate results. Default: the server's."),
  searchWidth: whole(1, 4096, "GPU_CAGRA: starting points. Default: the server's."),
  minIterations: whole(0, 65_536, "GPU_CAGRA: minimum search iterations. Default: the server's."),
  maxIterations: whole(0, 65_536, "GPU_CAGRA: maximum search iterations. Default: the server's."),
  teamSize: z
    .union([z.literal(0), z.literal(2), z.literal(4), z.literal(8), z.literal(16), z.literal(32)])
    .nullable()
    .default(null)
    .describe("GPU_CAGRA: threads per distance calculation. Default: the server's."),
};

const uriPattern = /^(?<scheme>https?):\/\/(?<host>\[[\da-f:.]+\]|[^:/@\s?#[\]]+)(:(?<port>\d{1,5}))?(\/(?<database>[A-Za-z0-9_]*))?$/i;
const fieldName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/);
const vectorTypes = ["FLOAT_VECTOR", "FLOAT16_VECTOR"] as const;

/** Settings that have an effect only when a collection is created. null: the default of Headrace or of the server. */
const creationParameters = {
  vectorType: upper(vectorTypes)
    .nullable()
    .default(null)
    .describe("New collections: type of the vectors. FLOAT16_VECTOR needs half the space, and Milvus 2.4. null: FLOAT_VECTOR."),
  numShards: whole(1, 1024, "New collections: shards, over which writes are spread. null: the server's, which is 1."),
  replicaNumber: whole(1, 1024, "New collections: copies in memory. Each needs query nodes of its own. null: the server's, which is 1."),
  partitionKey: fieldName
    .nullable()
    .default(null)
    .describe("New collections: metadata key whose value selects the partition of a row. Every row needs a value. Needs Milvus 2.4."),
  mmap: z
    .boolean()
    .nullable()
    .default(null)
    .describe("New collections: map the data from disk instead of loading it into memory. Needs Milvus 2.4. null: the server's."),
  ttlSeconds: whole(1, 2 ** 31 - 1, "New collections: seconds after which Milvus deletes a row. null: rows are kept."),
};

/** The `milvus` section of the configuration. */
export const milvusSection = z.strictObject({
  uri: z
    .string()
    .refine((uri) => uriPattern.test(uri), "expected http://host:port or https://host:port, without credentials")
    .nullable()
    .default(null)
    .describe(
      "Address as one URL, instead of `host`, `port` and `secure`: http://host:19530, or https://host:443 for TLS. A path is the database.",
    ),
  host: z.string().min(1).default("localhost").describe("Host name or address of the Milvus proxy."),
  port: z.int().min(1).max(65_535).default(19_530).describe("gRPC port of the Milvus proxy."),
  token: z.string().nullable().default(null).describe("API key or `user:password`; replaces `user` and `password`."),
  user: z.string().nullable().default(null),
  password: z.string().nullable().default(null),
  database: z.string().nullable().default(null).describe("null: the default database."),
  secure: z.boolean().default(false).describe("Connect with TLS."),
  caFile: z
    .string()
    .nullable()
    .default(null)
    .describe("PEM file of the certificate authority that signed the server's certificate. null: the system's."),
  certFile: z.string().nullable().default(null).describe("PEM file of the client's certificate, for mutual TLS."),
  keyFile: z.string().nullable().default(null).describe("PEM file of the client certificate's private key."),
  serverName: z.string().nullable().default(null).describe("Name in the server's certificate, if it differs from `host`."),
  timeout: z.number().positive().default(60).describe("Seconds that one call may take."),
  maxStall: z
    .number()
    .positive()
    .default(600)
    .describe("Seconds that loading, flushing or the build of an index may make no progress before the call that waits for it fails."),
  collectionName: z.string().nullable().default(null).describe("Collection for calls and commands that name none. null: images."),
  embeddingDim: z
    .int()
    .min(1)
    .max(32_768)
    .nullable()
    .default(null)
    .describe("Dimension of new collections. A model with another dimension is refused. null: the embedder's dimension."),
  vectorField: fieldName.default("vector").describe("Name of the vector column in new collections."),
  metricType: upper(["COSINE", "IP", "L2"]).default("COSINE").describe("Metric of new collections."),
  indexType: upper(indexTypes).default("AUTOINDEX").describe("Index of new collections."),
  ...buildParameters,
  ...searchParameters,
  ...creationParameters,
  consistencyLevel: z
    .enum(["Strong", "Session", "Bounded", "Eventually"])
    .default("Session")
    .describe(
      "Consistency of searches. Session: finds what this process wrote. Bounded: does not wait; rows of the last seconds may be missing.",
    ),
});

const fieldType = upper(["BOOL", "INT8", "INT16", "INT32", "INT64", "FLOAT", "DOUBLE", "VARCHAR", "JSON", ...vectorTypes]);

const buildSchema = z.strictObject(buildParameters);
const searchSchema = z.strictObject(searchParameters);

const creationSchema = z.strictObject(creationParameters);

const declaredField = z.strictObject({
  name: fieldName,
  type: fieldType,
  primaryKey: z.boolean().default(false),
  maxLength: z.int().min(1).max(65_535).default(65_535).describe("Maximum bytes of a VARCHAR value."),
});

/** One entry of the `collections` section of the configuration. */
export const declaredCollection = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(""),
  schema: z.strictObject({ fields: z.array(declaredField).default([]) }).prefault({}),
  index: z
    .strictObject({
      indexType: upper(indexTypes).nullable().default(null),
      metricType: upper(["COSINE", "IP", "L2"]).nullable().default(null),
      params: buildSchema.prefault({}),
    })
    .prefault({}),
  searchParams: searchSchema.prefault({}),
  ...creationParameters,
});

/** The `insert` section of the configuration. */
export const insertSection = z.strictObject({
  index: z
    .enum(["auto", "before", "after", "never"])
    .default("auto")
    .describe(
      "Milvus: when the index of a new collection is built. auto, after: at the end of the first run. before: from the first row on. never: by no run.",
    ),
  flush: z
    .enum(["auto", "never", "end"])
    .default("auto")
    .describe("Milvus: when segments are sealed. auto: only when an index build needs it."),
  maxBytesMb: z.int().min(1).default(24).describe("Maximum MiB per write."),
});

export type MilvusSection = z.output<typeof milvusSection>;
export type InsertSection = z.output<typeof insertSection>;
export type DeclaredCollection = z.output<typeof declaredCollection>;
export type DeclaredField = z.output<typeof declaredField>;

export type CreationSettings = z.output<typeof creationSchema>;
export type IndexSettings = z.output<typeof buildSchema> & z.output<typeof searchSchema>;

/** Returns the index parameters and search parameters that an entry of `collections` sets itself. */
export function declaredSettings({ index, searchParams }: DeclaredCollection): Partial<IndexSettings> {
  return Object.fromEntries(Object.entries({ ...index.params, ...searchParams }).filter(([, value]) => value !== null));
}

/** Returns the settings for creating a collection. Those of its entry in `collections` override those of the `milvus` section. */
export function creationSettings(milvus: MilvusSection, declared: DeclaredCollection | undefined): CreationSettings {
  return {
    vectorType: declared?.vectorType ?? milvus.vectorType,
    numShards: declared?.numShards ?? milvus.numShards,
    replicaNumber: declared?.replicaNumber ?? milvus.replicaNumber,
    partitionKey: declared?.partitionKey ?? milvus.partitionKey,
    mmap: declared?.mmap ?? milvus.mmap,
    ttlSeconds: declared?.ttlSeconds ?? milvus.ttlSeconds,
  };
}

/** Where the server is. `host` has no port. */
export type MilvusAddress = Pick<MilvusSection, "host" | "port" | "secure" | "database">;

/** Reads `milvus.uri`, if it is set. Throws `config_conflict` if other settings contradict it. */
export function addressOf({ uri, host, port, secure, database }: MilvusSection): MilvusAddress {
  const given = uri === null ? null : uriPattern.exec(uri)?.groups;
  if (given === null || given === undefined) return { host, port, secure, database };
  const isSecure = given["scheme"]!.toLowerCase() === "https";
  const found: MilvusAddress = {
    host: given["host"]!,
    port: Number(given["port"] ?? (isSecure ? 443 : defaults.port)),
    secure: isSecure,
    database: given["database"] || database,
  };
  for (const [setting, value] of Object.entries({ host, port, secure, database }) as [keyof MilvusAddress, unknown][]) {
    if (value === found[setting] || value === defaults[setting]) continue;
    throw new HeadraceError("config_conflict", `milvus.${setting}: expected the value in milvus.uri, ${found[setting]}, found ${value}`);
  }
  return found;
}

const defaults = milvusSection.parse({});
