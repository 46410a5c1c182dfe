/** Loads the packages that read and write Parquet, and Arrow for the Arrow schema of the file. */
import type * as arrow from "apache-arrow";
import type * as hyparquet from "hyparquet";
import type * as hyparquetWriter from "hyparquet-writer";
import { HeadraceError } from "../../contracts/index.js";

const install = "npm i hyparquet hyparquet-writer apache-arrow@18.1.0";

/** Throws `part_missing` with the command that installs it. */
export function loadReader(): Promise<typeof hyparquet> {
  return loadPackages(() => import("hyparquet"));
}

/** Throws `part_missing` with the command that installs it. */
export async function loadWriter(): Promise<{ readonly parquet: typeof hyparquetWriter; readonly arrow: typeof arrow }> {
  return loadPackages(async () => ({ parquet: await import("hyparquet-writer"), arrow: await import("apache-arrow") }));
}

async function loadPackages<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
    throw new HeadraceError(
      "part_missing",
      `Parquet: expected the packages that read and write it, found none that can be loaded (${said}).`,
      {
        hint: `Run: ${install}`,
        cause,
      },
    );
  }
}
