/** Settings of LanceDB: the `lancedb` section. */
import * as z from "zod";

/**
 * The vector index of a million rows with 512 numbers each takes half of this cache, and half as much memory: LanceDB counts each part of an
 * index about twice. If the index does not fit, a search takes several times as long. LanceDB's own default of 7 GiB is too much for most machines.
 */
const defaultCacheMb = 1024;

export const lancedbSection = z.strictObject({
  path: z
    .string()
    .min(1)
    .refine((path) => !path.includes("://"), { error: "expected a local folder: the writer's lock is a file beside the tables" })
    .default("./headrace-data")
    .describe("The folder that holds the collections, one table each."),
  cacheMb: z
    .int()
    .min(16, "expected a whole number of at least 16")
    .default(defaultCacheMb)
    .describe("MiB of indexes and file descriptions that are kept in memory. More: faster searches of tables of many millions."),
  vectorType: z
    .enum(["float32", "float16"])
    .default("float32")
    .describe("Type of the numbers of the vectors of new collections. float16 takes half the space on the disk."),
});

export type LancedbSection = z.output<typeof lancedbSection>;

/** How many rows of a table are read into memory for a run that looks up many keys. */
export interface MarkLimits {
  /** Most rows whose versions are kept as text, at 100 to 200 bytes per row. Default 2,000,000. */
  readonly textRows: number;
  /** Most rows whose versions are kept as hashes, at 43 bytes per row. In a larger table, every look-up is a query. Default 10,000,000. */
  readonly hashedRows: number;
}

/** What a program can give to the store besides its settings. */
export interface LanceStoreOptions {
  /**
   * Called with a message when another process writes to a collection that a call opens for writing. Then the call waits until that process
   * has closed the collection. Default: the call throws `lock_held`.
   */
  readonly onLockHeld?: ((message: string) => void) | undefined;
  /** Default: the defaults of each limit. */
  readonly marks?: Partial<MarkLimits> | undefined;
}
