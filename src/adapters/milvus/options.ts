/** The `milvus` and `collections` sections of the configuration. */
import * as z from "zod";

export const indexTypes = [
  "AUTOINDEX",
  "FLAT",
  "IVF_FLAT",
  "IVF_SQ8",
  "IVF_PQ",
  "HNSW",
  "GPU_IVF_FLAT",
  "GPU_IVF_PQ",
  "GPU_CAGRA",
  "GPU_BRUTE_FORCE",
] as const;

export type IndexType = (typeof indexTypes)[number];

const upper = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.preprocess((value) => (typeof value === "string" ? value.toUpperCase() : value), z.enum(values));
const whole = (min: number, max: number, description: string) => z.int().min(min).max(max).nullable().default(null).describe(description);

/** What an index is built with. null: Headrace's or the server's default. */
const buildParameters = {
  nlist: whole(1, 65_536, "IVF: clusters. Default 128."),
  M: whole(2, 2048, "HNSW: links of a node. Default 16."),
  efConstruction: whole(8, 32_768, "HNSW: candidates while building. Default 256."),
  m: whole(1, 65_536, "PQ: parts that a vector is cut into; must divide the dimension. Default: an eighth of it, where that is whole."),
  nbits: whole(1, 16, "PQ: bits of one part. Default 8."),
  intermediate_graph_degree: whole(1, 4096, "GPU_CAGRA: links before pruning. Default: the server's."),
  graph_degree: whole(1, 4096, "GPU_CAGRA: links of a node. Default: the server's."),
  build_algo: z.enum(["IVF_PQ", "NN_DESCENT"]).nullable().default(null).describe("GPU_CAGRA: how the graph is made."),
  cache_dataset_on_device: z.boolean().nullable().default(null).describe("GPU indexes: keep the vectors in GPU memory."),
};

/** What an index is searched with. null: Headrace's or the server's default. */
const searchParameters = {
  nprobe: whole(1, 65_536, "IVF: clusters looked into. Default 16; at most nlist."),
  ef: whole(1, 32_768, "HNSW: candidates while searching; raised to topK where that is more. Default 64."),
  itopk_size: whole(1, 4096, "GPU_CAGRA: intermediate results. Default: the server's."),
  search_width: whole(1, 4096, "GPU_CAGRA: starting points. Default: the server's."),
  min_iterations: whole(0, 65_536, "GPU_CAGRA. Default: the server's."),
  max_iterations: whole(0, 65_536, "GPU_CAGRA. Default: the server's."),
  team_size: z
    .union([z.literal(0), z.literal(2), z.literal(4), z.literal(8), z.literal(16), z.literal(32)])
    .nullable()
    .default(null)
    .describe("GPU_CAGRA: threads of one distance. Default: the server's."),
};

export const milvusOptions = z.strictObject({
  host: z.string().min(1).default("localhost").describe("Host name or address of the Milvus proxy."),
  port: z.int().min(1).max(65_535).default(19_530).describe("Port of its gRPC endpoint."),
  token: z.string().nullable().default(null).describe("API key, or `user:password`; takes the place of user and password."),
  user: z.string().nullable().default(null),
  password: z.string().nullable().default(null),
  database: z.string().nullable().default(null).describe("null: the default database."),
  secure: z.boolean().default(false).describe("TLS."),
  ca_file: z.string().nullable().default(null).describe("PEM file of the authority that signed the server's certificate."),
  cert_file: z.string().nullable().default(null).describe("PEM file of the client's certificate, for mutual TLS."),
  key_file: z.string().nullable().default(null).describe("PEM file of its key."),
  server_name: z.string().nullable().default(null).describe("Name in the server's certificate, where it is not the host."),
  timeout: z.number().positive().default(60).describe("Seconds that one call may take."),
  collection_name: z.string().nullable().default(null).describe("The collection of calls and commands that name none. null: images."),
  embedding_dim: z
    .int()
    .min(1)
    .max(32_768)
    .nullable()
    .default(null)
    .describe("Dimension of new collections; a model that makes another one is refused. null: the embedder's."),
  vector_field: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/)
    .default("vector")
    .describe("Name of the vector column in new collections."),
  metric_type: upper(["COSINE", "IP", "L2"]).default("COSINE").describe("Metric of new collections."),
  index_type: upper(indexTypes).default("AUTOINDEX").describe("Index of new collections."),
  ...buildParameters,
  ...searchParameters,
  consistency_level: z
    .enum(["Strong", "Session", "Bounded", "Eventually"])
    .default("Session")
    .describe("Of searches. Session: what this process wrote is found; Bounded: rows may be missing for some seconds, no waiting."),
});

/** `integer`, `VARCHAR`, `Float` … as Milvus names its types. */
const fieldType = upper(["BOOL", "INT8", "INT16", "INT32", "INT64", "FLOAT", "DOUBLE", "VARCHAR", "JSON", "FLOAT_VECTOR"]);

const buildSchema = z.strictObject(buildParameters);
const searchSchema = z.strictObject(searchParameters);

export const declaredField = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/),
  type: fieldType,
  primary_key: z.boolean().default(false),
  auto_id: z
    .boolean()
    .default(false)
    .describe("Accepted for files of the Python service.")
    .meta({ ignored: "keys are derived from sources, or given" }),
  dim: z.int().min(1).max(32_768).nullable().default(null),
  max_length: z.int().min(1).max(65_535).default(65_535).describe("Bytes of a VARCHAR."),
});

/** One entry of `collections`. */
export const declaredCollection = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(""),
  schema: z.strictObject({ fields: z.array(declaredField).default([]) }).prefault({}),
  index: z
    .strictObject({
      field_name: z.string().nullable().default(null),
      index_type: upper(indexTypes).nullable().default(null),
      metric_type: upper(["COSINE", "IP", "L2"]).nullable().default(null),
      params: buildSchema.prefault({}),
    })
    .prefault({}),
  search_params: searchSchema.prefault({}),
});

type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;
type CamelKeys<T> = { readonly [K in keyof T as CamelKey<K>]: T[K] };

/** The section as code has it: camelCase. */
export type MilvusOptions = CamelKeys<z.output<typeof milvusOptions>>;
export type DeclaredField = z.output<typeof declaredField>;
export type DeclaredCollection = z.output<typeof declaredCollection>;

/** What indexes are built and searched with, in code. */
export type IndexSettings = CamelKeys<z.output<typeof buildSchema>> & CamelKeys<z.output<typeof searchSchema>>;

/** The `insert` section. */
export interface InsertOptions {
  /** When a new collection's index is built. Default "auto": at the end of its first run; until then its search is exact. */
  readonly index: "auto" | "before" | "after";
  /** When segments are sealed. Default "auto": only when an index build waits for it. */
  readonly flush: "auto" | "never" | "end";
  /** MiB of one request. Default 24; Milvus refuses 64. */
  readonly maxBytesMb: number;
}

/** Checks a section as a file has it, fills in the defaults, and names it as code does. */
export function milvusSettings(section: z.input<typeof milvusOptions> = {}): MilvusOptions {
  return camelKeys(milvusOptions.parse(section)) as MilvusOptions;
}

/** The parameters that a declared collection sets itself. */
export function declaredSettings({ index, search_params }: DeclaredCollection): Partial<IndexSettings> {
  const given = Object.entries({ ...index.params, ...search_params }).filter(([, value]) => value !== null);
  return camelKeys(Object.fromEntries(given)) as Partial<IndexSettings>;
}

function camelKeys(section: object): object {
  const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(section).map(([key, value]) => [camel(key), value]));
}
