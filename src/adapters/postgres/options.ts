/** The `postgres` section of the configuration. */
import * as z from "zod";

export const indexTypes = ["auto", "hnsw", "ivfflat", "none"] as const;

export type IndexType = (typeof indexTypes)[number];

const name = z
  .string()
  .min(1)
  .max(63)
  .refine((text) => !text.includes("\0"), "expected text without zero bytes");

export const postgresSection = z.strictObject({
  url: z
    .string()
    .refine((url) => /^postgres(ql)?:\/\//.test(url), "expected postgresql://user:password@host:port/database")
    .default("postgresql://localhost:5432/postgres")
    .describe("Address of the database: postgresql://user:password@host:port/database. `?host=/folder` names the folder of a Unix socket."),
  schema: name
    .nullable()
    .default(null)
    .describe("Schema of the tables. null: the first schema of the user's search path, usually `public`."),
  tablePrefix: z.string().max(30).default("").describe("Text before the names of all tables, so that they do not meet other tables."),
  poolSize: z.int().min(2).max(1000).default(8).describe("Maximum number of connections of one process."),
  timeout: z.number().positive().default(60).describe("Seconds that one statement may take, and that a new connection may take."),
  vectorType: z
    .enum(["float32", "float16"])
    .default("float32")
    .describe(
      "New collections: type of the numbers of the vectors. float32 is a `vector`. float16 is a `halfvec`, which takes half the space.",
    ),
  indexType: z
    .preprocess((value) => (typeof value === "string" ? value.toLowerCase() : value), z.enum(indexTypes))
    .default("auto")
    .describe("New collections: index on the vectors. auto: hnsw. none: every search compares all rows."),
  indexFrom: z.int().min(1).default(10_000).describe("Rows from which on a run builds the index on the vectors at its end."),
  m: z.int().min(2).max(100).default(16).describe("hnsw: links per node."),
  efConstruction: z.int().min(4).max(1000).default(64).describe("hnsw: candidates while building. At least twice `m`."),
  efSearch: z.int().min(1).max(1000).default(100).describe("hnsw: candidates while searching; at least topK is used."),
  lists: z.int().min(1).max(32_768).nullable().default(null).describe("ivfflat: clusters. null: the square root of the number of rows."),
  probes: z
    .int()
    .min(1)
    .max(32_768)
    .nullable()
    .default(null)
    .describe("ivfflat: clusters searched. null: the square root of `lists`, if that is set, otherwise the server's."),
  maintenanceMb: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe("MiB that the server may use while it builds an index. null: the server's `maintenance_work_mem`."),
});

export type PostgresSection = z.output<typeof postgresSection>;

/** The host and the database of a URL for people, without user and password. */
export function placeOf(url: string): { readonly host: string; readonly database: string } {
  const at = /^postgres(?:ql)?:\/\/(?:[^/@]*@)?(?<host>[^/?#]*)(?:\/(?<database>[^?#]*))?(?:\?(?<options>[^#]*))?/.exec(url)?.groups;
  const options = new URLSearchParams(at?.["options"] ?? "");
  return {
    host: at?.["host"] || options.get("host") || "localhost",
    database: at?.["database"] || options.get("dbname") || "the user's database",
  };
}
