/** Walks a folder and its subfolders, file by file. */
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { mapAhead } from "./ahead.js";
import { anyEntries, type Entry, sortedEntries } from "./entries.js";
import { concernsOnePath, fromListingError } from "./errors.js";
import { beginsLikeImage } from "./first-bytes.js";

export interface FoundFile {
  readonly path: string;
  /** null when files are only counted, or when `stat` failed; reading the file then fails with the reason. */
  readonly stats: BigIntStats | null;
}

/** Classes of file names. "other": another kind of file. "unclear": no extension. "outside": no match for the glob. */
export type NameClass = "image" | "other" | "unclear" | "outside";

export interface WalkOptions {
  /** Classifies a path relative to the folder, with `/` as separator. */
  readonly classify: (below: string) => NameClass;
  /** How many levels of subfolders are entered. 0: only the folder itself. */
  readonly maxDepth: number;
  readonly statsAhead: number;
  /** "list": sorted by name, with stats. "count": in any order, without stats. */
  readonly purpose: "list" | "count";
  /** Called for each file that is not an image, by its name or its first bytes. */
  readonly onLeftOut?: (path: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Finds image files. A folder that cannot be entered is found as if it were a file, so that reading it fails with the reason. So is a
 * folder with the name of an image and no image in it. Throws `source_failed`.
 */
export async function* walkFolder(folder: string, options: WalkOptions): AsyncGenerator<FoundFile> {
  yield* walkLevel({ folder, prefix: "", ancestors: [] }, options);
}

interface Level {
  readonly folder: string;
  /** Path of the folder relative to the first one, with `/` at the end unless it is empty. */
  readonly prefix: string;
  /** Device and inode of the parent folders. */
  readonly ancestors: readonly string[];
}

type InspectedEntry = FoundFile & { readonly kind: "image" | "folder" | "left out" | "outside"; readonly below: string };

async function* walkLevel(level: Level, options: WalkOptions): AsyncGenerator<FoundFile> {
  const { folder, prefix } = level;
  let found = 0;
  try {
    const self = await stat(folder, { bigint: true });
    const identity = `${self.dev}:${self.ino}`;
    if (level.ancestors.includes(identity)) return;
    const ancestors = [...level.ancestors, identity];
    const inspectEntry = (entry: Entry) => inspect(entry, prefix, options);
    const entries = options.purpose === "list" ? sortedEntries(folder, options.stop) : anyEntries(folder, options.stop);
    for await (const entry of mapAhead(entries, options.statsAhead, inspectEntry)) {
      if (options.stop.aborted) return;
      if (entry.kind === "left out") options.onLeftOut?.(entry.path);
      if (entry.kind === "image") {
        found++;
        yield entry;
      } else if (entry.kind === "folder" && ancestors.length <= options.maxDepth) {
        for await (const file of walkLevel({ folder: entry.path, prefix: `${entry.below}/`, ancestors }, options)) {
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
  if (found === 0 && prefix !== "" && options.classify(prefix.slice(0, -1)) === "image") yield { path: folder, stats: null };
}

/** Never rejects: a file whose `stat` fails is found without stats. */
async function inspect({ name, path, kind }: Entry, prefix: string, options: WalkOptions): Promise<InspectedEntry> {
  const below = `${prefix}${name}`;
  const nameClass = options.classify(below);
  if (kind === "folder") return { kind, path, below, stats: null };
  if (kind === "other" && nameClass !== "image") return { kind: "outside", path, below, stats: null };
  const needsStats = kind === "unknown" || (nameClass === "image" && options.purpose === "list");
  const stats = needsStats ? await statsOf(path) : null;
  if (stats?.isDirectory()) return { kind: "folder", path, below, stats };
  const isFile = kind === "file" || stats?.isFile() === true;
  const found = await kindOf(nameClass, path, isFile);
  const lacksStats = found === "image" && stats === null && options.purpose === "list";
  return { kind: found, path, below, stats: lacksStats ? await statsOf(path) : stats };
}

async function kindOf(nameClass: NameClass, path: string, isFile: boolean): Promise<"image" | "left out" | "outside"> {
  if (nameClass === "image" || nameClass === "outside") return nameClass;
  if (!isFile) return "outside";
  return nameClass === "unclear" && (await beginsLikeImage(path)) ? "image" : "left out";
}

async function statsOf(path: string): Promise<BigIntStats | null> {
  return stat(path, { bigint: true }).catch(() => null);
}
