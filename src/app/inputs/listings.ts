/** What the command line names, made into inputs: paths, folders and globs, lists of them, and the lines of a manifest. */
import { HeadraceError, type ImageRef, type Key, type Metadata } from "../../contracts/index.js";
import { type FileNaming, keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";
import { countFiles, makeFileRefs, makeListing } from "../wiring/registry.js";
import { onceEach } from "./first-seen.js";
import { isBlank, manifestInputs } from "./manifest.js";
import { type OwnInput, TextSource } from "./text-sources.js";

export interface ListingRequest {
  /** Files, folders, globs. With `stdin`, `-` stands for the paths in it, one a line. */
  readonly paths: readonly string[];
  /** A file of paths, one a line, beside `paths`. With `stdin`, `-` stands for it. */
  readonly filesFrom?: string;
  /** JSON lines of `{ "input", "id"?, "metadata"? }`, listed before the paths. With `stdin`, `-` stands for it. */
  readonly manifest?: string;
  /** What becomes of a line of the manifest that cannot be used: "fail" counts it as a failed image, "skip" as a skipped one. Default "fail". */
  readonly badLines?: "fail" | "skip";
  /** Names files by a label and their path below a folder. */
  readonly naming?: FileNaming;
  /** The first so many. Default: all. */
  readonly limit?: number;
  /** Opens what `-` stands for. Default: `-` is the name of a file. */
  readonly stdin?: OwnInput;
  /** Told of each file in a folder that is left out as it is no image by its name: its ending such as ".heic", or "(none)". */
  readonly onLeftOut?: (ending: string) => void;
  /** Told of each bad line that is skipped. */
  readonly onSkippedLine?: (error: HeadraceError) => void;
}

/** A fresh iteration of the same inputs for every call, unless a pipe is among them. */
export type InputStream = (stop: AbortSignal) => AsyncIterable<IngestInput>;

export function listInputs(request: ListingRequest): InputStream {
  return (stop) => {
    const inputs = everything(request, stop);
    return limited(canRepeat(request) ? onceEach(inputs) : inputs, request.limit);
  };
}

/** How many images there are, without asking about each of them; null when the inputs cannot be listed twice, or counting was stopped. */
export async function countInputs(request: ListingRequest, stop: AbortSignal): Promise<number | null> {
  const { manifest, filesFrom, paths, limit = Number.POSITIVE_INFINITY } = request;
  if (paths.some((path) => textOf(request, path).isOwnInput)) return null;
  for (const path of [manifest, filesFrom]) if (path !== undefined && !(await textOf(request, path).isReadAgain())) return null;
  try {
    const lines = manifest === undefined ? 0 : await countLines(textOf(request, manifest), stop);
    const files = hasPaths(request) ? await countFiles(allPaths(request, stop), stop) : 0;
    return stop.aborted ? null : Math.min(lines + files, limit);
  } catch (error) {
    // The run lists the same, and says what is wrong.
    if (HeadraceError.is(error)) return null;
    throw error;
  }
}

/** One image of a listing, to be handed on as it is, or with metadata: `{ ...image, metadata }`. */
export interface ListedImage {
  /** `location` is the path, `uri` what becomes the row's `source`. */
  readonly input: ImageRef;
  readonly id: Key;
  /** What a manifest says; null where it says nothing. */
  readonly metadata: Metadata | null;
}

/**
 * Lists files, folders with all that is below them, globs and manifests as `headrace ingest` does. Throws `source_failed` when nothing
 * of it is there. A bad line of a manifest is listed too, with `input.refused`: inserting it fails as `headrace ingest` says.
 *
 *     const inputs = listImages({ paths: ["./photos"] });
 *     await pipeline.insertImagesAsync({ inputs, collectionName: "photos" });
 */
export async function* listImages(
  request: ListingRequest,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ListedImage> {
  for await (const { id, ref } of limited(everything(request, signal), request.limit)) yield { input: ref, id, metadata: ref.metadata };
}

/** The manifest comes first: its metadata counts for an image that is also in a folder. */
async function* everything(request: ListingRequest, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { manifest, badLines = "fail", onSkippedLine, naming, onLeftOut } = request;
  if (manifest !== undefined) {
    const text = textOf(request, manifest);
    const fileRefs = await makeFileRefs();
    yield* manifestInputs({ text, badLines, fileRefs, ...(onSkippedLine === undefined ? {} : { onSkippedLine }) }, stop);
  }
  if (!hasPaths(request) || stop.aborted) return;
  const listing = await makeListing(hasList(request) ? allPaths(request, stop) : request.paths, {
    ...(naming === undefined ? {} : { naming }),
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
  });
  for await (const ref of listing.list(stop)) yield { id: keyOf(ref.uri), ref };
}

/** One folder alone names no image twice, and may be too large to remember. */
function canRepeat(request: ListingRequest): boolean {
  return request.manifest !== undefined || hasList(request) || request.paths.length > 1;
}

function hasPaths({ paths, filesFrom }: ListingRequest): boolean {
  return paths.length > 0 || filesFrom !== undefined;
}

function hasList(request: ListingRequest): boolean {
  return request.filesFrom !== undefined || request.paths.some((path) => textOf(request, path).isOwnInput);
}

async function* allPaths(request: ListingRequest, stop: AbortSignal): AsyncGenerator<string> {
  for (const path of request.paths) {
    const text = textOf(request, path);
    if (text.isOwnInput) yield* pathsIn(text, stop);
    else yield path;
  }
  if (request.filesFrom !== undefined) yield* pathsIn(textOf(request, request.filesFrom), stop);
}

async function* pathsIn(text: TextSource, stop: AbortSignal): AsyncGenerator<string> {
  for await (const line of text.lines("list of files", stop)) {
    const path = line.replace(/\r$/, "");
    if (path !== "") yield path;
  }
}

async function countLines(manifest: TextSource, stop: AbortSignal): Promise<number> {
  let count = 0;
  for await (const line of manifest.lines("manifest", stop)) if (!isBlank(line)) count += 1;
  return count;
}

function textOf({ stdin }: ListingRequest, path: string): TextSource {
  return new TextSource(path, stdin ?? null);
}

async function* limited(inputs: AsyncIterable<IngestInput>, limit = Number.POSITIVE_INFINITY): AsyncGenerator<IngestInput> {
  let left = limit;
  if (left <= 0) return;
  for await (const input of inputs) {
    yield input;
    left -= 1;
    if (left <= 0) return;
  }
}
