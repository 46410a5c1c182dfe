/** Walks a folder and its subfolders, file by file. */
import type { BigIntStats } from "node:fs";
import { mapAhead } from "./ahead.js";
import { anyEntries, type Entry, sortedEntries } from "./entries.js";
import { concernsOnePath, fromListingError } from "./errors.js";
import { mayBeImage } from "./first-bytes.js";
import { everyPath, isInRange, mayContain, type PathRange } from "./path-range.js";
import { identityOf, statOf } from "./stat.js";

export interface FoundFile {
  readonly path: string;
  /** The path relative to the folder of the walk, with `/` as separator. */
  readonly below: string;
  /** Null if files are only counted, or if `stat` failed. In the second case, reading the file will fail with the same reason. */
  readonly stats: BigIntStats | null;
  /** Set for a folder that cannot be listed. Its images are unknown. */
  readonly isUnlisted?: true;
}

/** Classes of file names. "other": the extension of another kind of file. "unclear": no extension. "outside": the glob does not match. */
export type NameClass = "image" | "other" | "unclear" | "outside";

export interface WalkOptions {
  /** Returns the class of a file. `below`: the path relative to the folder of the walk, with `/` as separator. */
  readonly classify: (below: string) => NameClass;
  /** How many levels of subfolders are read. 0: only the folder itself. */
  readonly maxDepth: number;
  /** Number of concurrent `stat` calls. */
  readonly statsAhead: number;
  /** "list": sorted by name, with stats. "split": sorted by name, without stats. "count": in any order, without stats. */
  readonly purpose: "list" | "split" | "count";
  /** Only these files. Default: all. */
  readonly range?: PathRange;
  /** Called for each file whose name or first bytes show that the file is not an image. */
  readonly onLeftOut?: (path: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Finds the image files in a folder and its subfolders. A folder that cannot be read is yielded like a file, so that the attempt to read it
 * as a file reports the reason. A folder named like an image file that contains no images is also yielded like a file. Throws
 * `source_failed` if the walk cannot continue.
 */
export async function* walkFolder(folder: string, options: WalkOptions): AsyncGenerator<FoundFile> {
  const { range = everyPath } = options;
  for await (const file of walkLevel({ folder, prefix: "", ancestors: [] }, options)) if (isInRange(file.below, range)) yield file;
}

interface Level {
  readonly folder: string;
  /** Path relative to the folder where the walk began. Ends with `/`, or is empty. */
  readonly prefix: string;
  /** Device and inode of each parent folder, to detect links to a parent folder. */
  readonly ancestors: readonly string[];
}

type InspectedEntry = FoundFile & { readonly kind: "image" | "folder" | "left out" | "outside" };

async function* walkLevel(level: Level, options: WalkOptions): AsyncGenerator<FoundFile> {
  const { folder, prefix } = level;
  let found = 0;
  try {
    const identity = identityOf(await statOf(folder));
    if (level.ancestors.includes(identity)) return;
    const ancestors = [...level.ancestors, identity];
    const inspectEntry = (entry: Entry) => inspect(entry, prefix, options);
    const { purpose, range = everyPath } = options;
    const all = purpose === "count" ? anyEntries(folder, options.stop) : sortedEntries(folder, options.stop);
    const entries = entriesInRange(all, prefix, range);
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
    yield { path: folder, below: prefix.slice(0, -1), stats: null, isUnlisted: true };
  }
  if (found === 0 && prefix !== "" && options.classify(prefix.slice(0, -1)) === "image")
    yield { path: folder, below: prefix.slice(0, -1), stats: null };
}

async function* entriesInRange(entries: AsyncIterable<Entry>, prefix: string, range: PathRange): AsyncGenerator<Entry> {
  for await (const entry of entries) if (mayContain(`${prefix}${entry.name}`, range)) yield entry;
}

/** Finds out what an entry is. Never rejects: if `stat` fails, the entry has no stats. */
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
  return nameClass === "unclear" && (await mayBeImage(path)) ? "image" : "left out";
}

async function statsOf(path: string): Promise<BigIntStats | null> {
  return statOf(path).catch(() => null);
}
