/** Lists image files: paths, folders with all that is below them, and globs. */
import { stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { HeadraceError, type ImageRef, type Listing } from "../../contracts/index.js";
import { type FileNaming, fileUri, pathOfFileUrl, urlRef } from "../../kit/index.js";
import { mapAhead } from "./ahead.js";
import { concernsOnePath, fromListingError } from "./errors.js";
import { type Glob, parseGlob } from "./glob.js";
import { fileVersion } from "./version.js";
import { type FoundFile, type NameSays, type WalkOptions, walkFolder } from "./walk.js";

/** What the decoder can read, by the ending of the name. */
export const imageExtensions: readonly string[] = [
  ...["jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"],
  ...["png", "apng", "webp", "gif", "avif", "tif", "tiff", "svg"],
];

export interface FileListingOptions {
  /** Relative inputs start here. Default: the working folder. */
  readonly folder?: string;
  /** Default: files are named by their absolute paths. */
  readonly naming?: FileNaming;
  /**
   * Endings, without the dot, that make a file inside a folder an image; one without any ending is an image when its first bytes are an
   * image's. Files given by name are listed whatever theirs. Default: `imageExtensions`.
   */
  readonly extensions?: readonly string[];
  /** Told of each file inside a folder that is left out: its ending, such as ".heic", or "(none)". */
  readonly onLeftOut?: (ending: string) => void;
  /** Files whose facts are asked for at once. Default 16; more only helps on a slow network file system. */
  readonly statsAhead?: number;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

/**
 * Lists paths, folders, globs and `file:` URLs in the order given, folders in the order of names.
 * Hidden files inside folders are left out; links are followed, but never in a circle. A path that does not exist is
 * listed too, so that its item fails, and so are a glob that matches nothing and a web address; when nothing at all exists, the listing
 * throws `source_failed`.
 */
export function listFiles(inputs: Iterable<string> | AsyncIterable<string>, options: FileListingOptions = {}): Listing {
  const lister = new FileLister(options);
  return { list: (stop) => lister.list(inputs, stop) };
}

/** How many refs `listFiles` gives for the same inputs; asks for no facts of files inside folders. */
export async function countFiles(
  inputs: Iterable<string> | AsyncIterable<string>,
  stop: AbortSignal,
  options: FileListingOptions = {},
): Promise<number> {
  return new FileLister(options).count(inputs, stop);
}

type Inspected =
  | { readonly kind: "file"; readonly ref: ImageRef }
  | Missing
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "glob"; readonly glob: Glob; readonly unmatched: Missing };

interface Missing {
  readonly kind: "missing";
  readonly ref: ImageRef;
  /** The glob as it was given; null for a path. */
  readonly glob: string | null;
}

/** Missing paths are held back until something exists, up to this many. */
const maxHeldBack = 1_000;

class FileLister {
  readonly #folder: string;
  readonly #naming: FileNaming | undefined;
  readonly #extensions: ReadonlySet<string>;
  readonly #statsAhead: number;
  readonly #now: () => number;
  readonly #onLeftOut: (path: string) => void;

  constructor(options: FileListingOptions) {
    this.#folder = resolve(options.folder ?? ".");
    this.#naming = options.naming && { base: resolve(this.#folder, options.naming.base), as: options.naming.as };
    this.#extensions = new Set((options.extensions ?? imageExtensions).map((extension) => extension.toLowerCase()));
    this.#statsAhead = options.statsAhead ?? 16;
    this.#now = options.now ?? Date.now;
    this.#onLeftOut = (path) => options.onLeftOut?.(extname(path).length > 1 ? extname(path).toLowerCase() : "(none)");
  }

  async *list(inputs: Iterable<string> | AsyncIterable<string>, stop: AbortSignal): AsyncGenerator<ImageRef> {
    // Inputs that arrive one by one are not waited for: the next may come in an hour.
    const ahead = Symbol.asyncIterator in inputs ? 1 : this.#statsAhead;
    const missing: Missing[] = [];
    let exists = false;
    for await (const found of mapAhead(inputs, ahead, (input) => this.#inspect(input).catch(HeadraceError.from))) {
      if (stop.aborted) return;
      if (HeadraceError.is(found)) throw found;
      let isMatched = false;
      for await (const ref of this.#expand(found, stop)) {
        exists = true;
        isMatched = true;
        yield* refsOf(missing.splice(0));
        yield ref;
      }
      if (stop.aborted) return;
      if (found.kind === "missing") missing.push(found);
      if (found.kind === "glob" && !isMatched) missing.push(found.unmatched);
      exists ||= found.kind === "folder" || missing.length >= maxHeldBack;
      if (exists) yield* refsOf(missing.splice(0));
    }
    if (!exists && missing.length > 0) throw nothingThere(missing);
  }

  async count(inputs: Iterable<string> | AsyncIterable<string>, stop: AbortSignal): Promise<number> {
    let count = 0;
    for await (const found of mapAhead(inputs, this.#statsAhead, (input) => this.#inspect(input).catch(HeadraceError.from))) {
      if (stop.aborted) break;
      if (HeadraceError.is(found)) throw found;
      const walk = this.#walk(found, "count", stop);
      const before = count;
      if (walk !== null) for await (const _ of walk) count += 1;
      if (found.kind !== "folder" && count === before) count += 1;
    }
    return count;
  }

  async #inspect(input: string): Promise<Inspected> {
    if (isWebAddress(input)) return { kind: "file", ref: addressRef(input) };
    const path = this.#path(input);
    try {
      const stats = await stat(path, { bigint: true });
      return stats.isDirectory() ? { kind: "folder", path } : { kind: "file", ref: this.#ref(path, this.#uri(path), stats) };
    } catch (cause) {
      if (!concernsOnePath(cause)) throw fromListingError(cause, path);
      const ref = this.#ref(path, this.#uri(path), null);
      const glob = parseGlob(input, this.#folder);
      if (glob === null) return { kind: "missing", ref, glob: null };
      const unmatched: Missing = { kind: "missing", ref, glob: input };
      return (await isThere(glob.base)) ? { kind: "glob", glob, unmatched } : unmatched;
    }
  }

  async *#expand(found: Inspected, stop: AbortSignal): AsyncGenerator<ImageRef> {
    if (found.kind === "missing") return;
    if (found.kind === "file") {
      yield found.ref;
      return;
    }
    const root = found.kind === "folder" ? this.#uri(found.path) : `${this.#uri(found.glob.base)}/${found.glob.pattern}`;
    for await (const file of this.#walk(found, "list", stop) ?? []) yield this.#ref(file.path, root, file.stats);
  }

  /** Null for what is no folder and no glob. */
  #walk(found: Inspected, purpose: WalkOptions["purpose"], stop: AbortSignal): AsyncGenerator<FoundFile> | null {
    const walk = { purpose, statsAhead: this.#statsAhead, onLeftOut: this.#onLeftOut, stop };
    if (found.kind === "folder") return walkFolder(found.path, { ...walk, judge: this.#judge, maxDepth: Number.POSITIVE_INFINITY });
    if (found.kind !== "glob") return null;
    const { glob } = found;
    const judge = (below: string) => (!glob.matches(below) ? "outside" : glob.namesExtension ? "image" : this.#judge(below));
    return walkFolder(glob.base, { ...walk, judge, maxDepth: glob.maxDepth });
  }

  readonly #judge = (name: string): NameSays => {
    const ending = extname(name).slice(1).toLowerCase();
    if (ending === "") return "unclear";
    return this.#extensions.has(ending) ? "image" : "other";
  };

  #ref(path: string, root: string, stats: FoundFile["stats"]): ImageRef {
    return {
      uri: this.#uri(path),
      location: path,
      scheme: "file",
      root,
      version: stats?.isFile() ? fileVersion(stats, this.#now()) : null,
      sizeBytes: stats === null ? null : Number(stats.size),
      metadata: null,
    };
  }

  #path(input: string): string {
    return resolve(this.#folder, pathOfFileUrl(input) ?? input);
  }

  #uri(path: string): string {
    return fileUri(path, this.#naming);
  }
}

function isWebAddress(input: string): boolean {
  return /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(input);
}

/** Its reader says what is wrong with it, or that there is none. */
function addressRef(text: string): ImageRef {
  if (URL.canParse(text)) return urlRef(text);
  const scheme = text.slice(0, text.indexOf(":")).toLowerCase();
  return { uri: text, location: text, scheme, root: text, version: null, sizeBytes: null, metadata: null };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => cause.code !== "ENOENT",
  );
}

function refsOf(missing: readonly Missing[]): readonly ImageRef[] {
  return missing.map(({ ref }) => ref);
}

function nothingThere(missing: readonly Missing[]): HeadraceError {
  const paths = missing.flatMap(({ ref, glob }) => (glob === null ? [ref.location] : []));
  const globs = missing.flatMap(({ glob }) => (glob === null ? [] : [glob]));
  const says = [
    ...(paths.length > 0 ? [`None of the inputs exists: ${firstOf(paths)}`] : []),
    ...(globs.length > 0 ? [`${paths.length > 0 ? "no" : "No"} file matches ${firstOf(globs)}`] : []),
  ];
  return new HeadraceError("source_failed", `${says.join("; ")}.`, { hint: "Check the paths." });
}

function firstOf(texts: readonly string[]): string {
  const shown = texts.slice(0, 3);
  return shown.join(", ") + (texts.length > shown.length ? ` and ${texts.length - shown.length} more` : "");
}
