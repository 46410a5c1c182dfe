/** Files that name or contain images: lists, manifests, tables and archives. Their images take the place of the file. */
import { dirname, resolve } from "node:path";
import { HeadraceError, type ImageRef, type IngestInput, type RowRange } from "../../contracts/index.js";
import { isUrl, type SourceFile } from "../../kit/index.js";
import { containerKind, isContainer, isRemoteContainer } from "../container-kinds.js";
import type { RemoteCopies } from "../downloads/remote-copies.js";
import { makeFileRefs, openArchive, openTable } from "../listing-adapters.js";
import { type ArchiveOptions, archiveInputs } from "./archives.js";
import { copiedInputs } from "./copied-inputs.js";
import { type BadLines, type LineOptions, lineInput } from "./line-inputs.js";
import { isBlank, type ManifestOptions, manifestInputs, tooLongLine } from "./manifest.js";
import { remoteNames } from "./remote-names.js";
import { type TableOptions, tableInputs } from "./tables.js";
import { TextSource } from "./text-sources.js";
import { unreadableInput } from "./unreadable-input.js";

export interface ContainerOptions
  extends BadLines,
    Pick<ArchiveOptions, "columns" | "onLeftOut">,
    Pick<TableOptions, "idType" | "onLeftOutColumn"> {
  readonly copies: RemoteCopies;
  /** Only a part of the file. Default: all of it. */
  readonly part?: ContainerPart;
  /** Called when the file was listed to its end. */
  readonly onListed?: (uri: string) => void;
}

/** A part of a file: lines of a list or manifest, with the number of the first, or rows of a table. */
export type ContainerPart =
  | { readonly kind: "lines"; readonly lines: AsyncIterable<string | null>; readonly firstLine: number }
  | { readonly kind: "rows"; readonly range: RowRange };

/** Lists the images of a file. `ref`: the file. Relative names in it count from its folder. A file that cannot be read is a failed input. */
export async function* containedInputs(ref: ImageRef, options: ContainerOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  let isUnlisted = false;
  for await (const input of allInputs(ref, options, stop)) {
    isUnlisted ||= input.ref.unlisted !== undefined;
    yield input;
  }
  if (!isUnlisted && !stop.aborted) options.onListed?.(ref.uri);
}

async function* allInputs(ref: ImageRef, options: ContainerOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const fileRefs = await makeFileRefs();
  if (ref.scheme === "file") {
    const path = ref.location;
    const nameOf = (name: string): string => (isUrl(name) ? name : resolve(dirname(path), name));
    yield* inputsOf(ref, { path, uri: ref.uri }, path, { ...options, root: ref.uri, fileRefs, nameOf }, stop);
    return;
  }
  yield* copiedInputs(
    ref,
    { ...options, names: options.part === undefined ? options.copies.names : null },
    (file, told) => inputsOf(ref, file, ref.uri, { ...options, ...told, root: ref.uri, fileRefs, nameOf: remoteNames(ref) }, stop),
    stop,
  );
}

/** Returns whether the listed image is really a file that names or contains images. A missing file is left to the reader. */
export function isContainerRef({ scheme, location, sizeBytes }: ImageRef): boolean {
  return scheme === "file" ? sizeBytes !== null && isContainer(location) : isRemoteContainer(location);
}

/** Returns whether a name is that of a file with images which does not exist. */
export function isMissingContainer({ scheme, location, sizeBytes, refused }: ImageRef): boolean {
  return scheme === "file" && sizeBytes === null && refused === undefined && isContainer(location);
}

/** `name`: how messages name the file. */
async function* inputsOf(
  ref: ImageRef,
  file: SourceFile,
  name: string,
  options: ContainerOptions & LineOptions,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const { part } = options;
  const kind = containerKind(file.path);
  const { badLines, columns } = options;
  const unreadable = (error: unknown): IngestInput => unreadableInput(ref, error, { badLines, columns });
  const cut = (error: unknown): IngestInput => unreadableInput(ref, error, { badLines, columns, isCut: true });
  switch (kind) {
    case "manifest":
    case "list": {
      const lines = part?.kind === "lines" ? part.lines : new TextSource(file.path, null).lines(containerNames[kind], stop);
      // The end of a part is not the end of the file.
      const end = part === undefined ? { cut } : {};
      const text = { ...options, ...end, name, lines, firstLine: part?.kind === "lines" ? part.firstLine : 1 };
      yield* untilCut(kind === "manifest" ? manifestInputs(text, stop) : listInputs(text), text);
      return;
    }
    case "table":
      yield* whole(
        () => openTable(file, stop),
        unreadable,
        (table) => tableInputs(table, { ...options, cut, path: name, ...(part?.kind === "rows" ? { range: part.range } : {}) }, stop),
      );
      return;
    case "archive":
      yield* whole(
        () => openArchive(file),
        unreadable,
        (archive) => archiveInputs(archive, { ...options, cut }, stop),
      );
      return;
  }
}

async function* whole<T extends { close(): Promise<void> }>(
  open: () => Promise<T>,
  unreadable: (error: unknown) => IngestInput,
  inputsOf: (opened: T) => AsyncGenerator<IngestInput>,
): AsyncGenerator<IngestInput> {
  let opened: T;
  try {
    opened = await open();
  } catch (error) {
    yield unreadable(error);
    return;
  }
  try {
    yield* inputsOf(opened);
  } finally {
    await opened.close();
  }
}

async function* listInputs({ name, lines, firstLine = 1, ...options }: ManifestOptions): AsyncGenerator<IngestInput> {
  let number = firstLine - 1;
  for await (const line of lines) {
    number += 1;
    if (line !== null && isBlank(line)) continue;
    const where = `${name}:${number}`;
    yield await lineInput(line === null ? tooLongLine(where) : { input: line.replace(/\r$/, "") }, where, options);
  }
}

/** A text that cannot be read to its end is a failed input, as an archive is. */
async function* untilCut(inputs: AsyncGenerator<IngestInput>, { cut }: Pick<ManifestOptions, "cut">): AsyncGenerator<IngestInput> {
  try {
    yield* inputs;
  } catch (error) {
    if (cut === undefined || !HeadraceError.is(error) || error.code !== "source_failed") throw error;
    yield cut(error, "");
  }
}

const containerNames = { manifest: "manifest", list: "list of files" } as const;
