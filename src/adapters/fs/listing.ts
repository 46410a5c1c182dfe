/** Lists image files. Inputs are paths of files, folders (with their subfolders) and globs. */
import { extname, resolve } from "node:path";
import { HeadraceError, type ImageRef, type Listing, type NamedSource, type OnSource } from "../../contracts/index.js";
import {
  type FileNaming,
  fileUri,
  fileVersion,
  imageExtensions,
  isMemberUri,
  memberRefOf,
  pathOfFileUrl,
  urlRef,
} from "../../kit/index.js";
import { mapAhead } from "./ahead.js";
import { concernsOnePath, errnoOf, fromListingError } from "./errors.js";
import { type Glob, parseGlob } from "./glob.js";
import type { PathRange } from "./path-range.js";
import { identityOf, statOf } from "./stat.js";
import { type FoundFile, type NameClass, type WalkOptions, walkFolder } from "./walk.js";

export interface FileListingOptions {
  /** Relative inputs are resolved against this folder. Default: the working directory. */
  readonly folder?: string;
  /** How the URIs of files are made: from a label and a path relative to a base folder. Default: from the absolute path. */
  readonly naming?: FileNaming;
  /**
   * In folders, only files with these extensions (without the dot) are listed. A file without an extension is listed if its first bytes are
   * those of an image. An input that is the path of a file is always listed. Default: `imageExtensions`.
   */
  readonly extensions?: readonly string[];
  /** Only these files of a folder or a glob, which must then be the only input. Default: all files. */
  readonly range?: PathRange;
  /** Called for each file in a folder that is not listed. `extension`: such as ".heic", or "(none)". */
  readonly onLeftOut?: (extension: string) => void;
  /** Called for each folder and glob when its listing begins and ends, and for each input that is not there. */
  readonly onSource?: OnSource;
  /** Number of concurrent `stat` calls. Default 16. A larger number is faster only on a slow network file system. */
  readonly statsAhead?: number;
  /** The current time in milliseconds since the epoch. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Lists paths, folders, globs and `file:` URLs in the given order, and the files of a folder sorted by name. Does not list hidden files in
 * folders. Follows links, but a link to a parent folder is not entered again. Missing paths, globs without a match and web URLs are also
 * listed, so that the run reports each of them as a failed image. If no input exists, the listing throws `source_failed`.
 */
export function listFiles(inputs: Iterable<string> | AsyncIterable<string>, options: FileListingOptions = {}): Listing {
  const lister = new FileLister(options);
  return { list: (stop) => lister.list(inputs, stop) };
}

/** Counts the images that `listFiles` would list for the same inputs. Faster, because files in folders need no `stat` call. */
export async function countFiles(
  inputs: Iterable<string> | AsyncIterable<string>,
  stop: AbortSignal,
  options: FileListingOptions = {},
): Promise<number> {
  return new FileLister(options).count(inputs, stop);
}

/** One part of an input, with about as many files as were asked for. */
export interface FilePart {
  /** null: the input is a single file. */
  readonly range: PathRange | null;
  readonly files: number;
}

/**
 * Cuts a folder, a glob or a file into parts, in the order of the listing. Needs no `stat` call for most files. The last part ends with the
 * last file. Throws `source_failed` if the input does not exist.
 */
export async function* splitFiles(
  input: string,
  filesPerPart: number,
  stop: AbortSignal,
  options: FileListingOptions = {},
): AsyncGenerator<FilePart> {
  yield* new FileLister(options).split(input, filesPerPart, stop);
}

type Inspected =
  | { readonly kind: "file"; readonly ref: ImageRef }
  | Missing
  | { readonly kind: "folder"; readonly path: string; readonly identity: string }
  | { readonly kind: "glob"; readonly glob: Glob; readonly identity: string; readonly unmatched: Missing };

interface Missing {
  readonly kind: "missing";
  readonly ref: ImageRef;
  /** The input, if it is a glob. Null: the input is a path. */
  readonly glob: string | null;
  /** The root that its images would have. */
  readonly root: string;
}

/** Missing inputs are not listed until an input exists, because the listing throws if none exists. After this many, they are listed. */
const maxHeldBack = 1_000;
const maxNamesShown = 3;

class FileLister {
  readonly #folder: string;
  readonly #naming: FileNaming | undefined;
  readonly #extensions: ReadonlySet<string>;
  readonly #statsAhead: number;
  readonly #now: () => number;
  readonly #range: PathRange | undefined;
  readonly #onLeftOut: (path: string) => void;
  readonly #onSource: OnSource;

  constructor(options: FileListingOptions) {
    this.#folder = resolve(options.folder ?? ".");
    this.#naming = options.naming && { base: resolve(this.#folder, options.naming.base), as: options.naming.as };
    this.#extensions = new Set((options.extensions ?? imageExtensions).map((extension) => extension.toLowerCase()));
    this.#statsAhead = options.statsAhead ?? 16;
    this.#now = options.now ?? Date.now;
    this.#range = options.range;
    this.#onSource = options.onSource ?? (() => {});
    this.#onLeftOut = (path) => options.onLeftOut?.(extname(path).length > 1 ? extname(path).toLowerCase() : "(none)");
  }

  async *list(inputs: Iterable<string> | AsyncIterable<string>, stop: AbortSignal): AsyncGenerator<ImageRef> {
    // An async iterable may provide its next input an hour later. So its inputs are not collected, but passed on one by one.
    const ahead = Symbol.asyncIterator in inputs ? 1 : this.#statsAhead;
    const missing: Missing[] = [];
    let exists = false;
    for await (const found of mapAhead(inputs, ahead, (input) => this.#inspect(input).catch(HeadraceError.from))) {
      if (stop.aborted) return;
      if (HeadraceError.is(found)) throw found;
      if (found.kind === "file" && missing.length === 0) {
        exists = true;
        yield found.ref;
        continue;
      }
      let isMatched = false;
      for await (const ref of this.#expand(found, stop)) {
        exists = true;
        isMatched = true;
        yield* refsOf(missing.splice(0));
        yield ref;
      }
      if (stop.aborted) return;
      const unmatched = found.kind === "missing" ? found : found.kind === "glob" && !isMatched ? found.unmatched : null;
      if (unmatched !== null) {
        missing.push(unmatched);
        this.#onSource({ kind: "missing", root: unmatched.root });
      }
      exists ||= found.kind === "folder" || missing.length >= maxHeldBack;
      if (exists) yield* refsOf(missing.splice(0));
    }
    if (!exists && missing.length > 0) throw noneFound(missing);
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

  async *split(input: string, filesPerPart: number, stop: AbortSignal): AsyncGenerator<FilePart> {
    const found = await this.#inspect(input);
    const walk = this.#walk(found, "split", stop);
    if (found.kind === "missing") throw noneFound([found]);
    if (walk === null) {
      yield { range: null, files: 1 };
      return;
    }
    let after: string | null = null;
    let [files, last] = [0, ""];
    for await (const { below } of walk) {
      if (files === filesPerPart) {
        yield { range: { after, through: last }, files };
        [after, files] = [last, 0];
      }
      files += 1;
      last = below;
    }
    if (files > 0) yield { range: { after, through: last }, files };
  }

  async #inspect(input: string): Promise<Inspected> {
    if (isWebUrl(input)) return { kind: "file", ref: webRef(input) };
    const path = this.#path(input);
    try {
      const stats = await statOf(path);
      return stats.isDirectory()
        ? { kind: "folder", path, identity: identityOf(stats) }
        : { kind: "file", ref: this.#ref(path, null, stats) };
    } catch (cause) {
      if (!concernsOnePath(cause)) throw fromListingError(cause, path);
      const ref = this.#ref(path, null, null);
      const glob = parseGlob(input, this.#folder);
      if (glob === null) return { kind: "missing", ref, glob: null, root: ref.uri };
      const unmatched: Missing = { kind: "missing", ref, glob: input, root: this.#globRoot(glob) };
      const identity = await statOf(glob.base).then(identityOf, (problem: unknown) => (errnoOf(problem) === "ENOENT" ? null : ""));
      return identity === null ? unmatched : { kind: "glob", glob, identity, unmatched };
    }
  }

  async *#expand(found: Inspected, stop: AbortSignal): AsyncGenerator<ImageRef> {
    if (found.kind === "missing") return;
    if (found.kind === "file") {
      yield found.ref;
      return;
    }
    const source = this.#sourceOf(found);
    const { root } = source;
    this.#onSource({ kind: "begun", source });
    for await (const file of this.#walk(found, "list", stop) ?? []) {
      if (file.isUnlisted) this.#onSource({ kind: "unreadable", root, uri: this.#uri(file.path) });
      yield this.#ref(file.path, root, file.stats);
    }
    if (!stop.aborted) this.#onSource({ kind: "ended", root });
  }

  #sourceOf(found: Extract<Inspected, { readonly kind: "folder" | "glob" }>): NamedSource {
    const { kind, identity } = found;
    if (kind === "folder") return { kind, root: this.#uri(found.path), path: found.path, identity };
    return { kind, root: this.#globRoot(found.glob), path: found.glob.base, identity };
  }

  #globRoot({ base, pattern }: Glob): string {
    return `${this.#uri(base)}/${pattern}`;
  }

  /** Returns null for an input that is neither a folder nor a glob. */
  #walk(found: Inspected, purpose: WalkOptions["purpose"], stop: AbortSignal): AsyncGenerator<FoundFile> | null {
    const range = this.#range === undefined ? {} : { range: this.#range };
    const walk = { purpose, statsAhead: this.#statsAhead, onLeftOut: this.#onLeftOut, stop, ...range };
    if (found.kind === "folder") return walkFolder(found.path, { ...walk, classify: this.#classify, maxDepth: Number.POSITIVE_INFINITY });
    if (found.kind !== "glob") return null;
    const { glob } = found;
    const classify = (below: string) => (!glob.matches(below) ? "outside" : glob.namesExtension ? "image" : this.#classify(below));
    return walkFolder(glob.base, { ...walk, classify, maxDepth: glob.maxDepth });
  }

  readonly #classify = (name: string): NameClass => {
    const extension = extname(name).slice(1).toLowerCase();
    if (extension === "") return "unclear";
    return this.#extensions.has(extension) ? "image" : "other";
  };

  /** `root` null: the file itself is the input. */
  #ref(path: string, root: string | null, stats: FoundFile["stats"]): ImageRef {
    const uri = this.#uri(path);
    return {
      uri,
      location: path,
      scheme: "file",
      root: root ?? uri,
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

function isWebUrl(input: string): boolean {
  return /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(input);
}

/** Makes the image reference of a URL. An invalid or unsupported URL is no error here, because reading it will fail. */
function webRef(text: string): ImageRef {
  if (isMemberUri(text)) return memberRefOf(text);
  if (URL.canParse(text)) return urlRef(text);
  const scheme = text.slice(0, text.indexOf(":")).toLowerCase();
  return { uri: text, location: text, scheme, root: text, version: null, sizeBytes: null, metadata: null };
}

function refsOf(missing: readonly Missing[]): readonly ImageRef[] {
  return missing.map(({ ref }) => ref);
}

function noneFound(missing: readonly Missing[]): HeadraceError {
  const names = missing.map(({ ref, glob }) => glob ?? ref.location);
  const shown =
    names.slice(0, maxNamesShown).join(", ") + (names.length > maxNamesShown ? ` and ${names.length - maxNamesShown} more` : "");
  return new HeadraceError("source_failed", `inputs: expected at least one existing file or folder, found none for ${shown}`, {
    hint: "Check the paths.",
  });
}
