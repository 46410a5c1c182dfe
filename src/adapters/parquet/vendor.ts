/** Loads the packages that read and write Parquet. Also loads Arrow, which makes the Arrow schema in the file. */
import type * as arrow from "apache-arrow";
import type * as hyparquet from "hyparquet";
import type * as hyparquetWriter from "hyparquet-writer";
import { packagesMissing } from "./errors.js";

/** The packages that read Parquet. */
export interface Reading {
  readonly parquet: typeof hyparquet;
  readonly compressors: hyparquet.Compressors;
}

/** Loads hyparquet and its decompressors. If one is missing, throws `part_missing` with the command that installs the packages. */
export function loadReader(): Promise<Reading> {
  return loadPackages(async () => ({
    parquet: await import("hyparquet"),
    compressors: (await import("hyparquet-compressors")).compressors,
  }));
}

/** Loads hyparquet-writer. If it is missing, throws `part_missing` with the command that installs the packages. */
export function loadWriter(): Promise<typeof hyparquetWriter> {
  return loadPackages(() => import("hyparquet-writer"));
}

/** Loads Arrow. If it is missing, throws `part_missing` with the command that installs the packages. */
export function loadArrow(): Promise<typeof arrow> {
  return loadPackages(() => import("apache-arrow"));
}

async function loadPackages<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw packagesMissing(cause);
  }
}
