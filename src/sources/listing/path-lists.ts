/** Reads lists of paths and URLs from files, pipes and stdin. */
import { extname } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { imageExtensions, maxLineLength } from "../../kit/index.js";
import { isBlank } from "../containers/manifest.js";
import { type OpenStdin, TextSource } from "../containers/text-sources.js";
import { type ManifestSource, manifestSource } from "./manifest-sources.js";
import { urlsOf } from "./url-ranges.js";

/** Where the inputs of a request are named. */
export interface PathSources {
  /** Files, folders, globs and URLs. A pipe among them contains more of these. */
  readonly paths: readonly string[];
  /** A list that is read after `paths`. */
  readonly filesFrom?: string;
  /** The character that separates the paths in lists: a line feed, or NUL as `find -print0` writes it. Default "newline". */
  readonly separator?: "newline" | "null";
  readonly stdin?: OpenStdin;
  /**
   * The name of a manifest that comes from stdin or a pipe. Its images get the root `list://NAME`, so that a later run knows which rows are
   * its own. Default: no name.
   */
  readonly listName?: string;
}

/** JSON lines that were found where paths were expected. */
export interface FoundManifest {
  /** For messages. */
  readonly name: string;
  readonly source: ManifestSource;
  /** null: a line that is too long. */
  readonly lines: AsyncIterable<string | null>;
}

/** Returns whether some of the paths come from a list, so that their number is unknown at first. */
export async function hasPathList(sources: PathSources): Promise<boolean> {
  if (sources.filesFrom !== undefined) return true;
  for (const path of sources.paths) if (await isList(sources, path)) return true;
  return false;
}

/** Returns whether all lists can be read twice. */
export async function areRepeatable(sources: PathSources): Promise<boolean> {
  for (const path of sources.paths) if (await isList(sources, path)) return false;
  return sources.filesFrom === undefined || (await textOf(sources, sources.filesFrom).isRepeatable());
}

/**
 * Streams the paths in their order, those of lists included. A list whose first line begins with `{` contains JSON lines. It is handed to
 * `onManifest`, which reads it after the paths. Ranges in URLs are written out.
 */
export async function* pathsOf(
  sources: PathSources,
  onManifest: (manifest: FoundManifest) => void,
  stop: AbortSignal,
): AsyncGenerator<string> {
  for await (const path of namedPathsOf(sources, onManifest, stop)) yield* urlsOf(path);
}

/** Streams the paths as `pathsOf` does, with their ranges as they are. */
export async function* namedPathsOf(
  sources: PathSources,
  onManifest: (manifest: FoundManifest) => void,
  stop: AbortSignal,
): AsyncGenerator<string> {
  for (const path of sources.paths) {
    if (await isList(sources, path)) yield* pathsIn(sources, path, onManifest, stop);
    else yield path;
  }
  if (sources.filesFrom !== undefined) yield* pathsIn(sources, sources.filesFrom, onManifest, stop);
}

export function textOf({ stdin }: Pick<PathSources, "stdin">, path: string): TextSource {
  return new TextSource(path, stdin ?? null);
}

/** A pipe that is named like an image is an image that cannot be read, as it is in a folder. */
async function isList(sources: PathSources, path: string): Promise<boolean> {
  const isNamedLikeImage = imageExtensions.includes(extname(path).slice(1).toLowerCase());
  return !isNamedLikeImage && (await textOf(sources, path).isPipe());
}

async function* pathsIn(
  sources: PathSources,
  list: string,
  onManifest: (manifest: FoundManifest) => void,
  stop: AbortSignal,
): AsyncGenerator<string> {
  const text = textOf(sources, list);
  const isNull = sources.separator === "null";
  const lines = text.lines("list of files", stop, isNull ? "\0" : "\n");
  const blank: string[] = [];
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value === null) throw tooLong(text.name);
    if (!isNull && isBlank(next.value)) {
      blank.push(next.value);
      continue;
    }
    if (!isNull && next.value.startsWith("{"))
      onManifest({ name: text.name, source: await manifestSource(text, sources.listName), lines: joined([...blank, next.value], lines) });
    else yield* pathsFrom(next.value, shortLines(lines, text.name), isNull ? "as it is" : "without carriage return");
    return;
  }
}

async function* shortLines(lines: AsyncIterable<string | null>, name: string): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line === null) throw tooLong(name);
    yield line;
  }
}

function tooLong(name: string): HeadraceError {
  return new HeadraceError(
    "source_failed",
    `list of files ${name}: expected lines of at most ${maxLineLength} characters, found a longer one`,
    {
      item: name,
      hint: "Write one path a line. If the paths end with NUL, as find -print0 writes them, give -0.",
    },
  );
}

async function* pathsFrom(
  first: string,
  rest: AsyncGenerator<string>,
  ending: "as it is" | "without carriage return",
): AsyncGenerator<string> {
  const pathOf = (line: string): string => (ending === "as it is" ? line : line.replace(/\r$/, ""));
  try {
    if (pathOf(first) !== "") yield pathOf(first);
    for await (const line of rest) if (pathOf(line) !== "") yield pathOf(line);
  } finally {
    await rest.return(undefined);
  }
}

async function* joined(first: readonly string[], rest: AsyncGenerator<string | null>): AsyncGenerator<string | null> {
  try {
    yield* first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
