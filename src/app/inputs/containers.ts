/** Files that name or contain images: lists, manifests, tables and archives. Their images take the place of the file. */
import { dirname, extname, resolve } from "node:path";
import { HeadraceError, type ImageRef, type RowRange } from "../../contracts/index.js";
import { isUrl, keyOf } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";
import { makeFileRefs, openArchive, openTable } from "../wiring/input-adapters.js";
import { type ArchiveOptions, archiveInputs } from "./archives.js";
import type { FileRefs } from "./inputs.js";
import { type BadLines, type LineOptions, lineInput } from "./line-inputs.js";
import { isBlank, type ManifestOptions, manifestInputs } from "./manifest.js";
import { tableInputs } from "./tables.js";
import { TextSource } from "./text-sources.js";

export interface ContainerOptions extends BadLines, Pick<ArchiveOptions, "columns" | "onLeftOut"> {
  /** Only a part of the file. Default: all of it. */
  readonly part?: ContainerPart;
}

/** A part of a file: lines of a list or manifest, with the number of the first, or rows of a table. */
export type ContainerPart =
  | { readonly kind: "lines"; readonly lines: AsyncIterable<string>; readonly firstLine: number }
  | { readonly kind: "rows"; readonly range: RowRange };

export type ContainerKind = "table" | "manifest" | "list" | "archive";

const kinds: Readonly<Record<string, ContainerKind>> = {
  ".csv": "table",
  ".tsv": "table",
  ".tab": "table",
  ".parquet": "table",
  ".jsonl": "manifest",
  ".ndjson": "manifest",
  ".txt": "list",
  ".tar": "archive",
  ".tgz": "archive",
  ".tar.gz": "archive",
  ".zip": "archive",
};

/** Returns whether a path is that of a file, by its extension, or of a bucket, which names or contains images. */
export function isContainer(path: string): boolean {
  return isBucket(path) || (!isWeb(path) && containerKind(path) !== undefined);
}

/** Returns whether the path is that of a file, not in a bucket, by its extension. */
export function isContainerFile(path: string): boolean {
  return containerKind(path) !== undefined;
}

function isBucket(path: string): boolean {
  return path.startsWith("s3://");
}

/** Lists the images of a file. `ref`: the file. Relative paths in it count from its folder. A file that cannot be read is a failed input. */
export async function* containedInputs(ref: ImageRef, options: ContainerOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const path = ref.location;
  const line: LineOptions = { ...options, root: ref.uri, fileRefs: relativeTo(dirname(path), await makeFileRefs()) };
  const { part } = options;
  const kind = containerKind(path);
  switch (kind) {
    case "manifest":
    case "list": {
      const lines = part?.kind === "lines" ? part.lines : new TextSource(path, null).lines(containerNames[kind], stop);
      const text = { ...line, name: path, lines, firstLine: part?.kind === "lines" ? part.firstLine : 1 };
      yield* kind === "manifest" ? manifestInputs(text, stop) : listInputs(text);
      return;
    }
    case "table":
      yield* whole(
        ref,
        () => openTable(fileOf(ref), stop),
        (table) => tableInputs(table, { ...line, ...options, path, ...(part?.kind === "rows" ? { range: part.range } : {}) }, stop),
      );
      return;
    case "archive":
      yield* whole(
        ref,
        () => openArchive(fileOf(ref)),
        (archive) => archiveInputs(archive, { ...line, ...options }, stop),
      );
      return;
  }
}

/** Returns whether the listed image is really a file that names or contains images. A missing file is left to the reader. */
export function isContainerRef({ scheme, location, sizeBytes }: ImageRef): boolean {
  return scheme === "file" && sizeBytes !== null && isContainer(location);
}

async function* whole<T extends { close(): Promise<void> }>(
  ref: ImageRef,
  open: () => Promise<T>,
  inputsOf: (opened: T) => AsyncGenerator<IngestInput>,
): AsyncGenerator<IngestInput> {
  let opened: T;
  try {
    opened = await open();
  } catch (error) {
    yield unreadableInput(ref, error);
    return;
  }
  try {
    yield* inputsOf(opened);
  } finally {
    await opened.close();
  }
}

function fileOf({ location, uri }: ImageRef): { readonly path: string; readonly uri: string } {
  return { path: location, uri };
}

async function* listInputs({ name, lines, firstLine = 1, ...options }: ManifestOptions): AsyncGenerator<IngestInput> {
  let number = firstLine - 1;
  for await (const line of lines) {
    number += 1;
    if (!isBlank(line)) yield await lineInput({ input: line.replace(/\r$/, "") }, `${name}:${number}`, options);
  }
}

/** A file that cannot be read must not stop the run: other inputs follow. */
function unreadableInput(ref: ImageRef, thrown: unknown): IngestInput {
  if (!HeadraceError.is(thrown) || thrown.code === "part_missing") throw thrown;
  const { code, message, hint } = thrown;
  const error = new HeadraceError(code, message, { scope: "item", item: ref.uri, hint, cause: thrown });
  return { id: keyOf(ref.uri), ref: { ...ref, refused: { kind: "fail", error } } };
}

function relativeTo(folder: string, fileRefs: FileRefs): FileRefs {
  return (path) => fileRefs(isUrl(path) ? path : resolve(folder, path));
}

const containerNames = { manifest: "manifest", list: "list of files" } as const;

/** Returns the kind of a file that names or contains images, by its extension. undefined: another file. */
export function containerKind(path: string): ContainerKind | undefined {
  const name = path.toLowerCase();
  return kinds[name.endsWith(".tar.gz") ? ".tar.gz" : extname(name)];
}

function isWeb(path: string): boolean {
  return isUrl(path) && !path.startsWith("file:");
}
