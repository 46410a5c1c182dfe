/** Goes through a folder and all that is below it, file by file. */
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { mapAhead } from "./ahead.js";
import { anyEntries, type Entry, sortedEntries } from "./entries.js";
import { concernsOnePath, fromListingError } from "./errors.js";
import { beginsLikeImage } from "./first-bytes.js";

export interface FoundFile {
  readonly path: string;
  /** Null for what could not be asked about, as reading it will say why, and for what is only counted. */
  readonly stats: BigIntStats | null;
}

/** What a name says: "image", "other" for another kind of file, "unclear" without an ending, "outside" for what nobody asked for. */
export type NameSays = "image" | "other" | "unclear" | "outside";

export interface WalkOptions {
  /** Judges a path below the folder, with `/`. */
  readonly judge: (below: string) => NameSays;
  /** Folders below folders that are entered; 0 stays in the first. */
  readonly maxDepth: number;
  readonly statsAhead: number;
  /** "list": in the order of names, with stats. "count": in any order, without. */
  readonly purpose: "list" | "count";
  /** Told of each file that is of another kind, or unclear and no image by its first bytes. */
  readonly onLeftOut?: (path: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Finds the images. A folder that cannot be entered, or that is named like an image and holds none, is found as if it were a file: reading
 * it then says what is wrong. Throws `source_failed`.
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

type Seen = FoundFile & { readonly kind: "image" | "folder" | "left out" | "outside"; readonly below: string };

async function* walkLevel(level: Level, options: WalkOptions): AsyncGenerator<FoundFile> {
  const { folder, prefix } = level;
  let found = 0;
  try {
    const self = await stat(folder, { bigint: true });
    const identity = `${self.dev}:${self.ino}`;
    if (level.ancestors.includes(identity)) return;
    const ancestors = [...level.ancestors, identity];
    const look = (entry: Entry) => inspect(entry, prefix, options);
    const entries = options.purpose === "list" ? sortedEntries(folder, options.stop) : anyEntries(folder, options.stop);
    for await (const seen of mapAhead(entries, options.statsAhead, look)) {
      if (options.stop.aborted) return;
      if (seen.kind === "left out") options.onLeftOut?.(seen.path);
      if (seen.kind === "image") {
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
  if (found === 0 && prefix !== "" && options.judge(prefix.slice(0, -1)) === "image") yield { path: folder, stats: null };
}

/** Never rejects: a file that cannot be asked about is found without facts. */
async function inspect({ name, path, kind }: Entry, prefix: string, options: WalkOptions): Promise<Seen> {
  const below = `${prefix}${name}`;
  const says = options.judge(below);
  if (kind === "folder") return { kind, path, below, stats: null };
  if (kind === "other" && says !== "image") return { kind: "outside", path, below, stats: null };
  const isAsked = kind === "unknown" || (says === "image" && options.purpose === "list");
  const stats = isAsked ? await statsOf(path) : null;
  if (stats?.isDirectory()) return { kind: "folder", path, below, stats };
  const isFile = kind === "file" || stats?.isFile() === true;
  const found = await kindOf(says, path, isFile);
  const isOwed = found === "image" && stats === null && options.purpose === "list";
  return { kind: found, path, below, stats: isOwed ? await statsOf(path) : stats };
}

async function kindOf(says: NameSays, path: string, isFile: boolean): Promise<"image" | "left out" | "outside"> {
  if (says === "image" || says === "outside") return says;
  if (!isFile) return "outside";
  return says === "unclear" && (await beginsLikeImage(path)) ? "image" : "left out";
}

async function statsOf(path: string): Promise<BigIntStats | null> {
  return stat(path, { bigint: true }).catch(() => null);
}
