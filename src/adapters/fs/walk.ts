/** Goes through a folder and all that is below it, file by file. */
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { mapAhead } from "./ahead.js";
import { type Entry, sortedEntries } from "./entries.js";
import { concernsOnePath, fromListingError } from "./errors.js";

export interface FoundFile {
  readonly path: string;
  /** Null for what could not be asked about: reading it will say why. */
  readonly stats: BigIntStats | null;
}

export interface WalkOptions {
  /** Whether a path below the folder, with `/`, is an image by its name. */
  readonly wanted: (below: string) => boolean;
  /** Folders below folders that are entered; 0 stays in the first. */
  readonly maxDepth: number;
  readonly statsAhead: number;
  readonly stop: AbortSignal;
}

/**
 * Finds the wanted files in the order of names. A folder that cannot be entered, or that is named like an image and
 * holds none, is found as if it were a file: reading it then says what is wrong. Throws `source_failed`.
 */
export async function* walkFolder(folder: string, options: WalkOptions): AsyncGenerator<FoundFile> {
  yield* walkLevel({ folder, prefix: "", ancestors: [] }, options);
}

interface Level {
  readonly folder: string;
  /** Path of the folder below the first one, with a `/` at its end unless empty. */
  readonly prefix: string;
  /** Device and inode of the folders around it. */
  readonly ancestors: readonly string[];
}

type Seen = FoundFile & { readonly kind: "file" | "folder" | "unwanted"; readonly below: string };

async function* walkLevel(level: Level, options: WalkOptions): AsyncGenerator<FoundFile> {
  const { folder, prefix } = level;
  let found = 0;
  try {
    const self = await stat(folder, { bigint: true });
    const identity = `${self.dev}:${self.ino}`;
    if (level.ancestors.includes(identity)) return;
    const ancestors = [...level.ancestors, identity];
    const look = (entry: Entry) => inspect(entry, prefix, options);
    for await (const seen of mapAhead(sortedEntries(folder, options.stop), options.statsAhead, look)) {
      if (options.stop.aborted) return;
      if (seen.kind === "file") {
        found++;
        yield seen;
      } else if (seen.kind === "folder" && ancestors.length <= options.maxDepth) {
        for await (const file of walkLevel({ folder: seen.path, prefix: `${seen.below}/`, ancestors }, options)) {
          found++;
          yield file;
        }
      }
    }
  } catch (cause) {
    if (!concernsOnePath(cause)) throw fromListingError(cause, folder);
    found++;
    yield { path: folder, stats: null };
  }
  if (found === 0 && prefix !== "" && options.wanted(prefix.slice(0, -1))) yield { path: folder, stats: null };
}

/** Never rejects: a file that cannot be asked about is found without facts. */
async function inspect(entry: Entry, prefix: string, options: WalkOptions): Promise<Seen> {
  const { path, kind } = entry;
  const below = `${prefix}${entry.name}`;
  const wanted = options.wanted(below);
  if (kind === "folder") return { kind, path, below, stats: null };
  if (!wanted && kind !== "unknown") return { kind: "unwanted", path, below, stats: null };
  try {
    const stats = await stat(path, { bigint: true });
    const seen = stats.isDirectory() ? "folder" : wanted ? "file" : "unwanted";
    return { kind: seen, path, below, stats };
  } catch {
    return { kind: wanted ? "file" : "unwanted", path, below, stats: null };
  }
}
