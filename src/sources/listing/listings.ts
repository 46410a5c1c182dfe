/** Turns paths, folders, globs, lists of paths and manifests into inputs. */
import { existsSync } from "node:fs";
import type { S3Settings } from "../../adapters/s3/options.js";
import { HeadraceError, type ImageRef, type IngestInput, type Key, type Metadata, type OnSource } from "../../contracts/index.js";
import { type FileNaming, itemsOnceMade, keyOf } from "../../kit/index.js";
import type { ColumnChoice, LeftOutColumn } from "../columns.js";
import { isContainer, namesOnlyImages } from "../container-kinds.js";
import { type ContainerOptions, containedInputs, isContainerRef, isMissingContainer } from "../containers/containers.js";
import { isBlank, manifestInputs } from "../containers/manifest.js";
import type { TextSource } from "../containers/text-sources.js";
import { OwnCopies } from "../downloads/own-copies.js";
import type { RemoteCopies } from "../downloads/remote-copies.js";
import { refusedRef } from "../inputs.js";
import { countFiles, makeFileRefs, makeListing } from "../listing-adapters.js";
import { bucketInputs } from "./buckets.js";
import { refuseDuplicates } from "./first-seen.js";
import { manifestSource } from "./manifest-sources.js";
import { areRepeatable, type FoundManifest, hasPathList, namedPathsOf, type PathSources, pathsOf, textOf } from "./path-lists.js";
import { allUrlsOf, urlCount } from "./url-ranges.js";
import { toldWhole } from "./whole-sources.js";

/** The images to list. */
export interface ListingRequest extends PathSources {
  /**
   * A file with JSON lines of `{ "input", "id"?, "metadata"? }`. Its images are listed before the paths. If `stdin` is given, `-` means
   * stdin.
   */
  readonly manifest?: string;
  /** Whether an invalid manifest line counts as a failed ("fail") or a skipped ("skip") image. Default "fail". */
  readonly badLines?: "fail" | "skip";
  /** Which columns of tables are the image, the id and metadata. Default: chosen by their names. */
  readonly columns?: ColumnChoice;
  /** How buckets are listed. Default: AWS, with the usual credentials. */
  readonly s3?: S3Settings;
  /** @internal Where tables and archives from elsewhere are copied to. Default: the folder for temporary files, until the listing ends. */
  readonly copies?: RemoteCopies;
  /** Names files by a label and their path below a folder. Default: files are named by their absolute paths. */
  readonly naming?: FileNaming;
  /** Maximum number of images, counted from the first. Default: all images. */
  readonly limit?: number;
  /**
   * Called for each file in a folder that is not listed, because its extension is not that of an image. Gets the extension, such as
   * ".heic", or "(none)".
   */
  readonly onLeftOut?: (extension: string) => void;
  /** Called for each column of a table that cannot be stored, such as one with bytes. A column that the caller has named is an error instead. */
  readonly onLeftOutColumn?: (column: LeftOutColumn) => void;
  /** The type of the ids in the collection that the images are for. Ids of CSV are text, or numbers if the collection has numbers. Default "text". */
  readonly idType?: "text" | "int64";
  /** Called for each invalid manifest line that is skipped. */
  readonly onSkippedLine?: (error: HeadraceError) => void;
  /** Called for each image, and each table or archive before it is opened. Returns the ref, or refuses it. Default: all are admitted. */
  readonly admit?: (ref: ImageRef) => Promise<ImageRef>;
  /** Called for each table, list, archive, folder, glob and prefix of a bucket that was listed to its end. Gets its URI. */
  readonly onListed?: (uri: string) => void;
  /** Called when the listing of a source begins and ends, and for each source that is not there. A listing with a limit may not end them. */
  readonly onSource?: OnSource;
}

/**
 * Starts a new iteration over the same inputs. Inputs from pipes and stdin can be read only once. `onListed`: called for each table, list,
 * archive, folder, glob and prefix of a bucket that was listed to its end. `idType`: the type of the ids in the collection, if it exists.
 */
export type InputStream = (stop: AbortSignal, onListed?: (uri: string) => void, idType?: "text" | "int64") => AsyncIterable<IngestInput>;

export function listInputs(request: ListingRequest): InputStream {
  return (stop, onListed, idType) =>
    itemsOnceMade(async () => {
      const more = { ...(onListed === undefined ? {} : { onListed }), ...(idType === undefined ? {} : { idType }) };
      const inputs = listAdmitted({ ...request, ...more }, stop);
      return take((await mayHaveDuplicates(request)) ? refuseDuplicates(inputs) : inputs, request.limit);
    });
}

/**
 * Counts the images without a `stat` call per file. Returns null when the inputs can be read only once, when counting would mean to read
 * tables or archives, or when `stop` fires.
 */
export async function countInputs(request: ListingRequest, stop: AbortSignal): Promise<number | null> {
  const { manifest, limit = Number.POSITIVE_INFINITY } = request;
  if (!(await areRepeatable(request))) return null;
  if (manifest !== undefined && !(await textOf(request, manifest).isRepeatable())) return null;
  try {
    const lines = manifest === undefined ? 0 : await countLines(textOf(request, manifest), stop);
    let isUnknown = false;
    let urls = 0;
    async function* paths(): AsyncGenerator<string> {
      for await (const path of namedPathsOf(request, () => {}, stop)) {
        isUnknown = isContainer(path);
        if (isUnknown) return;
        // A range may stand for a billion URLs. To walk through them would keep the event loop from everything else.
        if (isWebUrl(path)) urls += urlCount(path);
        else yield path;
      }
    }
    const files = hasPaths(request) ? await countFiles(paths(), stop) : 0;
    return stop.aborted || isUnknown ? null : Math.min(lines + files + urls, limit);
  } catch (error) {
    // The run itself will list the same inputs and report the error.
    if (HeadraceError.is(error)) return null;
    throw error;
  }
}

/** One listed image. Pass it to `insertImages` as it is, or with your own metadata: `{ ...image, metadata }`. */
export interface ListedImage {
  /** The image's ref. `location` is the path. `uri` becomes the `source` of the row. */
  readonly input: ImageRef;
  readonly id: Key;
  /** The metadata in the manifest; null if there is none. */
  readonly metadata: Metadata | null;
}

/**
 * Lists files, folders with their subfolders, globs and manifests, as `headrace ingest` does. Throws `source_failed` when none of them
 * exists. An invalid manifest line is listed too, as an image with `input.refused`. `badLines` decides whether such an image fails or is
 * skipped when it is inserted.
 *
 *     const inputs = listImages({ paths: ["./photos"] });
 *     await pipeline.insertImagesAsync({ inputs, collectionName: "photos" });
 */
export async function* listImages(
  request: ListingRequest,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ListedImage> {
  for await (const { id, ref } of take(listAdmitted(request, signal), request.limit)) yield { input: ref, id, metadata: ref.metadata };
}

function listAdmitted(request: ListingRequest, stop: AbortSignal): AsyncIterable<IngestInput> {
  const { admit } = request;
  return admit === undefined ? listAll(request, stop) : admitted(listAll(request, stop), admit);
}

async function* admitted(inputs: AsyncIterable<IngestInput>, admit: NonNullable<ListingRequest["admit"]>): AsyncGenerator<IngestInput> {
  for await (const input of inputs) yield { ...input, ref: await admit(input.ref) };
}

/** Lists the manifest before all other inputs. So an image that is also in a folder gets its metadata from the manifest. */
async function* listAll(request: ListingRequest, stop: AbortSignal): AsyncGenerator<IngestInput> {
  if (request.copies !== undefined) yield* listWith(request.copies, request, stop);
  else {
    await using own = new OwnCopies(request.s3);
    yield* listWith(own.copies, request, stop);
  }
}

async function* listWith(copies: RemoteCopies, request: ListingRequest, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const {
    manifest,
    naming,
    onLeftOut,
    badLines = "fail",
    columns = {},
    onSkippedLine,
    onListed,
    onSource,
    onLeftOutColumn,
    idType,
  } = request;
  if (manifest !== undefined) {
    const text = textOf(request, manifest);
    const source = await manifestSource(text, request.listName);
    yield* listManifest({ name: text.name, source, lines: text.lines("manifest", stop) }, request, stop);
  }
  if (!hasPaths(request) || stop.aborted) return;
  const manifests: FoundManifest[] = [];
  const addManifest = (found: FoundManifest) => void manifests.push(found);
  const onListedSource = toldWhole(onSource, onListed);
  const paths = (await hasPathList(request)) ? pathsOf(request, addManifest, stop) : allUrlsOf(request.paths);
  const listing = await makeListing(paths, {
    ...(naming === undefined ? {} : { naming }),
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
    ...(onListedSource === undefined ? {} : { onSource: onListedSource }),
  });
  const options = {
    badLines,
    columns,
    copies,
    ...(onSkippedLine === undefined ? {} : { onSkippedLine }),
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
    ...(onListed === undefined ? {} : { onListed }),
    ...(onLeftOutColumn === undefined ? {} : { onLeftOutColumn }),
    ...(idType === undefined ? {} : { idType }),
  };
  for await (const listed of listing.list(stop)) {
    const ref = isContainerRef(listed) ? ((await request.admit?.(listed)) ?? listed) : listed;
    if (ref.refused === undefined && isContainerRef(ref)) yield* announced(ref, options, request, stop);
    else if (ref.scheme === "s3" && ref.refused === undefined) yield* bucketInputs(ref, { ...request, onSource: onListedSource }, stop);
    else yield { id: keyOf(ref.uri), ref: isMissingContainer(ref) ? { ...ref, unlisted: { badLines, columns } } : ref };
  }
  for (const found of manifests) yield* listManifest(found, request, stop);
}

/** Lists a table, a list or an archive, and says when its listing begins and ends. */
async function* announced(
  ref: ImageRef,
  options: ContainerOptions,
  { onSource }: Pick<ListingRequest, "onSource">,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const root = ref.uri;
  onSource?.({ kind: "begun", source: { kind: "container", root, isNamed: true, formerRoots: [] } });
  const onListed = (uri: string): void => {
    options.onListed?.(uri);
    onSource?.({ kind: "ended", root });
  };
  yield* containedInputs(ref, { ...options, onListed }, stop);
}

export async function* listManifest(
  manifest: FoundManifest,
  { badLines = "fail", onSkippedLine, onSource }: Pick<ListingRequest, "badLines" | "onSkippedLine" | "onSource">,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const fileRefs = await makeFileRefs();
  const { source } = manifest;
  onSource?.({ kind: "begun", source });
  let isWhole = true;
  // What follows the cut is unknown, so it is no line that may be skipped.
  const cut = (error: HeadraceError, line: string): IngestInput => {
    isWhole = false;
    return { id: keyOf(line), ref: { ...refusedRef(line, { kind: "fail", error }), root: source.root, line } };
  };
  yield* manifestInputs(
    {
      ...manifest,
      cut,
      root: source.root,
      badLines,
      fileRefs,
      nameOf: (input) => input,
      ...(onSkippedLine === undefined ? {} : { onSkippedLine }),
    },
    stop,
  );
  if (isWhole && !stop.aborted) onSource?.({ kind: "ended", root: source.root });
}

/**
 * Returns whether the same image may be listed twice. A single folder, and a glob of images alone, have no duplicates, and remembering all their
 * files could take too much memory.
 */
async function mayHaveDuplicates(request: ListingRequest): Promise<boolean> {
  const [path = "", ...others] = request.paths;
  if (request.manifest !== undefined || others.length > 0 || isContainer(path)) return true;
  if (await hasPathList(request)) return true;
  return path !== "" && !namesOnlyImages(path) && !existsSync(path);
}

function isWebUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

function hasPaths({ paths, filesFrom }: ListingRequest): boolean {
  return paths.length > 0 || filesFrom !== undefined;
}

async function countLines(manifest: TextSource, stop: AbortSignal): Promise<number> {
  let count = 0;
  for await (const line of manifest.lines("manifest", stop)) if (line === null || !isBlank(line)) count += 1;
  return count;
}

function take(inputs: AsyncIterable<IngestInput>, limit: number | undefined): AsyncIterable<IngestInput> {
  return limit === undefined ? inputs : firstOf(inputs, limit);
}

async function* firstOf(inputs: AsyncIterable<IngestInput>, limit: number): AsyncGenerator<IngestInput> {
  let left = limit;
  if (left <= 0) return;
  for await (const input of inputs) {
    yield input;
    left -= 1;
    if (left <= 0) return;
  }
}
