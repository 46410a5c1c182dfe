/** Loads LanceDB, and the copy of Arrow that it was built with. */
import { createRequire } from "node:module";
import type * as lancedb from "@lancedb/lancedb";
import type * as arrow from "apache-arrow";
import { packageMissing } from "./errors.js";

export interface Vendor {
  readonly lancedb: typeof lancedb;
  readonly arrow: typeof arrow;
}

/** Bytes that a scan reads ahead of whoever takes its rows. LanceDB's own 2 GiB hold most tables whole when that is slow. */
const readAheadBytes = 64 * 1024 * 1024;

/** What building a vector index holds back for each of its parts. With LanceDB's own, a million rows of 512 numbers take 700 MB more. */
const shuffleBytes = 8 * 1024 * 1024;

/** What LanceDB is told by the environment alone, and reads when it is loaded. A value that is set already stays. */
const environment: Readonly<Record<string, string>> = {
  LANCE_DEFAULT_IO_BUFFER_SIZE: String(readAheadBytes),
  LANCE_SHUFFLE_BATCH_BYTES: String(shuffleBytes),
  // Its warnings ("partition 1 is empty, skipping") go to the terminal of whoever uses us, who can do nothing about them.
  LANCEDB_LOG: "error",
};

/** Throws `part_missing` with the command that installs it. */
export async function loadVendor(): Promise<Vendor> {
  try {
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;
    const loaded = await import("@lancedb/lancedb");
    // Imported as ESM, Arrow is a second copy whose types LanceDB refuses ("schemas must be equivalent").
    const requireBeside = createRequire(import.meta.resolve("@lancedb/lancedb"));
    return { lancedb: loaded, arrow: requireBeside("apache-arrow") as typeof arrow };
  } catch (cause) {
    throw packageMissing(cause);
  }
}
