/** Loads LanceDB, and the copy of Arrow that LanceDB uses. */
import { createRequire } from "node:module";
import type * as lancedb from "@lancedb/lancedb";
import type * as arrow from "apache-arrow";
import { packageMissing } from "../errors.js";

export interface Vendor {
  readonly lancedb: typeof lancedb;
  readonly arrow: typeof arrow;
}

/**
 * Most bytes that a scan may read before its consumer asks for them. With LanceDB's default of 2 GiB, a scan with a slow consumer would
 * hold most tables completely in memory.
 */
const readAheadBytes = 64 * 1024 * 1024;

/**
 * Size of the buffer that LanceDB fills before it writes rows to disk, while it builds a vector index. With LanceDB's default size, the
 * index of a million rows of 512 numbers needs 700 MB more memory.
 */
const shuffleBytes = 8 * 1024 * 1024;

const load = createRequire(import.meta.url);

/** Environment variables that LanceDB reads when it is loaded. A variable that the user has set keeps its value. */
const environment: Readonly<Record<string, string>> = {
  LANCE_DEFAULT_IO_BUFFER_SIZE: String(readAheadBytes),
  LANCE_SHUFFLE_BATCH_BYTES: String(shuffleBytes),
  // By default, LanceDB prints warnings such as "partition 1 is empty, skipping" to the terminal. The user can do nothing about them.
  LANCEDB_LOG: "error",
};

/** Throws `part_missing` with the install command when LanceDB cannot be loaded. */
export async function loadVendor(): Promise<Vendor> {
  try {
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;
    // `import` would also search the many modules of both packages for their exports.
    const loaded = load("@lancedb/lancedb") as typeof lancedb;
    return { lancedb: loaded, arrow: arrowOf(load.resolve("@lancedb/lancedb")) };
  } catch (cause) {
    throw packageMissing(cause);
  }
}

/** LanceDB refuses schemas of another copy of Arrow than its own ("schemas must be equivalent"). */
function arrowOf(lancedbPath: string): typeof arrow {
  const load = createRequire(lancedbPath);
  return load("apache-arrow") as typeof arrow;
}
