/** What the command line names, made into inputs: paths, folders and globs, or the lines of a manifest. */
import { createReadStream } from "node:fs";
import { HeadraceError, type ImageRef, type Key, type Metadata } from "../contracts/index.js";
import { type FileNaming, keyOf, textLines } from "../kit/index.js";
import type { IngestInput } from "../operations/index.js";
import { ingestInput } from "./inputs.js";
import { makeFileRefs, makeListing } from "./registry.js";

export interface ListingRequest {
  /** Files, folders, globs. */
  readonly paths: readonly string[];
  /** JSON lines of `{ "input", "id"?, "metadata"? }`. */
  readonly manifest?: string;
  /** Names files by a label and their path below a folder. */
  readonly naming?: FileNaming;
  /** The first so many. Default: all. */
  readonly limit?: number;
}

/** A fresh iteration of the same inputs for every call. */
export type InputStream = (stop: AbortSignal) => AsyncIterable<IngestInput>;

export function listInputs(request: ListingRequest): InputStream {
  return (stop) => limited(everything(request, stop), request.limit ?? Number.POSITIVE_INFINITY);
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
 * of it is there.
 *
 *     const inputs = listImages({ paths: ["./photos"] });
 *     await pipeline.insertImagesAsync({ inputs, collectionName: "photos" });
 */
export async function* listImages(
  request: ListingRequest,
  { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<ListedImage> {
  for await (const { id, ref } of listInputs(request)(signal)) yield { input: ref, id, metadata: ref.metadata };
}

async function* everything({ paths, manifest, naming }: ListingRequest, stop: AbortSignal): AsyncGenerator<IngestInput> {
  refuseUrls(paths);
  if (paths.length > 0) {
    const listing = await makeListing(paths, naming ?? null);
    for await (const ref of listing.list(stop)) yield { id: keyOf(ref.uri), ref };
  }
  if (manifest !== undefined) yield* manifestInputs(manifest, stop);
}

/** Two letters at least before the colon, so that `C:\photos` stays a path. */
function refuseUrls(paths: readonly string[]): void {
  const url = paths.find((path) => /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(path));
  if (url === undefined) return;
  throw new HeadraceError("input_invalid", `Expected files, folders or globs but received the URL ${url}.`, {
    item: url,
    hint: "Download the images first: only files are read.",
  });
}

async function* limited(inputs: AsyncIterable<IngestInput>, limit: number): AsyncGenerator<IngestInput> {
  let left = limit;
  if (left <= 0) return;
  for await (const input of inputs) {
    yield input;
    left -= 1;
    if (left <= 0) return;
  }
}

async function* manifestInputs(path: string, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const fileRefs = await makeFileRefs();
  const lines = textLines(createReadStream(path, { encoding: "utf8" }));
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (stop.aborted) return;
      if (line.trim() === "") continue;
      const ref = await ingestInput(parseLine(line, `${path}:${number}`), fileRefs);
      yield { ...ref, ref: { ...ref.ref, root: path } };
    }
  } catch (error) {
    if (HeadraceError.is(error)) throw error;
    throw new HeadraceError("source_failed", `The manifest ${path} cannot be read: ${(error as Error).message}.`, {
      item: path,
      cause: error,
    });
  }
}

function parseLine(line: string, where: string): { readonly input: string; readonly id?: string | number; readonly metadata?: Metadata } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new HeadraceError("source_failed", `${where} is not JSON: ${(cause as Error).message}.`, { item: where, cause });
  }
  const { input, id, metadata, ...unknown } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const [extra] = Object.keys(unknown);
  const problem =
    typeof input !== "string"
      ? 'expected {"input": "path"}'
      : id !== undefined && typeof id !== "string" && typeof id !== "number"
        ? "expected id to be text or a whole number"
        : metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
          ? "expected metadata to be an object"
          : extra === undefined
            ? null
            : `unknown key "${extra}"; known: input, id, metadata`;
  if (problem !== null) throw new HeadraceError("source_failed", `${where}: ${problem}.`, { item: where });
  return value as { readonly input: string; readonly id?: string | number; readonly metadata?: Metadata };
}
