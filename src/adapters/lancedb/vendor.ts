/** Loads LanceDB, and the copy of Arrow that LanceDB uses. */
import { createRequire } from "node:module";
import type * as lancedb from "@lancedb/lancedb";
import type * as arrow from "apache-arrow";
import { packageMissing } from "./errors.js";

export interface Vendor {
  readonly lancedb: typeof lancedb;
  readonly arrow: typeof arrow;
}

/**
 * Most bytes that a scan reads ahead of its consumer. With LanceDB's default of 2 GiB, a slow consumer makes it hold most tables
 * completely in memory.
 */
const readAheadBytes = 64 * 1024 * 1024;

/**
 * Bytes that building a vector index gathers before it writes them to disk. With LanceDB's default, a million rows of 512 numbers take
 * 700 MB more.
 */
const shuffleBytes = 8 * 1024 * 1024;

/** Settings that LanceDB reads only from the environment, when it is loaded. Variables that are set already are kept. */
const environment: Readonly<Record<string, string>> = {
  LANCE_DEFAULT_IO_BUFFER_SIZE: String(readAheadBytes),
  LANCE_SHUFFLE_BATCH_BYTES: String(shuffleBytes),
  // LanceDB prints warnings ("partition 1 is empty, skipping") to the user's terminal. The user can do nothing about them.
  LANCEDB_LOG: "error",
};

/** Throws `part_missing` with the install command when LanceDB cannot be loaded. */
export async function loadVendor(): Promise<Vendor> {
  try {
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;
    const loaded = await import("@lancedb/lancedb");
    // An ESM import of Arrow would load a second copy. LanceDB refuses its types ("schemas must be equivalent").
    const requireBeside = createRequire(import.meta.resolve("@lancedb/lancedb"));
    return { lancedb: loaded, arrow: requireBeside("apache-arrow") as typeof arrow };
  } catch (cause) {
    throw packageMissing(cause);
  }
}
