/** `compactCollection` and `buildIndexes`: maintenance that a caller requests. */
import { type BuiltIndex, HeadraceError, type UpkeepProgress } from "../../contracts/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { withCollection } from "../collections/named-collection.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** Options of `compactCollection`. */
export interface CompactOptions {
  /** Stops the upkeep: the call rejects with `aborted`. Upkeep that is already done remains. */
  readonly signal?: AbortSignal;
  /** Called when a step of the upkeep begins, and when a larger share of the step is done. Must be fast and not throw. */
  readonly onProgress?: (progress: UpkeepProgress) => void;
}

/** Options of `buildIndexes`. */
export interface BuildIndexesOptions extends CompactOptions {
  /**
   * The columns to index, one after the other: "vector", metadata keys, and built-in columns such as `source`. Default: ["vector"], the
   * index that searches use. The other indexes make filters faster.
   */
  readonly on?: readonly string[];
}

const compactNames = { signal: true, onProgress: true } as const satisfies Record<keyof CompactOptions, true>;
const buildNames = { ...compactNames, on: true } as const satisfies Record<keyof BuildIndexesOptions, true>;

export function compactCollection(parts: PipelineParts, name: string, options: CompactOptions): Promise<void> {
  refuseUnknownOptions("compactCollection", options, compactNames);
  const { signal = new AbortController().signal } = options;
  return withCollection(parts, name, "write", (collection) => collection.upkeep("all", signal, options));
}

export async function buildIndexes(parts: PipelineParts, name: string, options: BuildIndexesOptions): Promise<readonly BuiltIndex[]> {
  refuseUnknownOptions("buildIndexes", options, buildNames);
  const { on = ["vector"], signal = new AbortController().signal } = options;
  if (!Array.isArray(on) || on.length === 0 || !on.every((column) => typeof column === "string")) {
    throw new HeadraceError("usage_invalid", `buildIndexes ${name}: expected a list of columns for "on", found ${JSON.stringify(on)}`);
  }
  return withCollection(parts, name, "write", async (collection) => {
    const built: BuiltIndex[] = [];
    for (const column of new Set(on)) built.push(await collection.buildIndex(column, signal, options));
    return built;
  });
}

/** Declares that the pipeline's model made the vectors of the collection: replaces the collection's passport. */
export function adoptCollection(parts: PipelineParts, name: string): Promise<void> {
  const { signal } = new AbortController();
  return withCollection(parts, name, "write", async (collection) => {
    const chain = await parts.chain(signal);
    await parts.passports.adopt(collection, chain, signal);
  });
}
