/** Lists the images of a remote table or archive from a copy on the disk, or from what an earlier listing has recorded. */
import { HeadraceError, type ImageRef, type IngestInput, type UnlistedFile } from "../../contracts/index.js";
import type { SourceFile } from "../../kit/index.js";
import type { LeftOutColumn } from "../columns.js";
import type { NameRecord, NameRecords, NameWriter } from "../downloads/name-records.js";
import type { OpenCopy, RemoteCopies } from "../downloads/remote-copies.js";
import { ListingTally } from "../listing-tally.js";
import { unreadableInput } from "./unreadable-input.js";

export interface CopiedOptions extends UnlistedFile {
  readonly copies: RemoteCopies;
  /** Where the names of the whole file are recorded. null: nowhere, because only a part is listed. */
  readonly names: NameRecords | null;
  readonly onLeftOut?: (extension: string) => void;
  readonly onLeftOutColumn?: (column: LeftOutColumn) => void;
  readonly idType?: "text" | "int64";
}

/** Lists a copy. */
type Lister = (file: SourceFile, told: Required<Pick<CopiedOptions, "onLeftOut" | "onLeftOutColumn">>) => AsyncGenerator<IngestInput>;

/** A file that cannot be copied is a failed input. Messages name the remote file, not its copy. */
export async function* copiedInputs(
  ref: ImageRef,
  options: CopiedOptions,
  inputsOf: Lister,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const { copies, names } = options;
  const record = (await names?.find({ file: ref, ...options })) ?? null;
  const first = await leased(
    () => (record === null ? copies.lease(ref, "list", stop) : copies.leaseIfChanged(ref, record.state, stop)),
    stop,
  );
  if (first.kind === "failed") yield unreadableInput(ref, first.error, options);
  if (first.kind === "copy") yield* inputsOfCopy(ref, first.copy, 0, options, inputsOf, stop);
  if (first.kind !== "unchanged" || record === null) return;
  const listed = yield* inputsOfRecord(record, options, stop);
  if (listed === null) return;
  // The record is damaged. A copy in the same state lists the same images in the same order.
  const second = await leased(() => copies.lease(ref, "list", stop), stop);
  if (second.kind === "failed") yield unreadableInput(ref, second.error, options);
  if (second.kind === "copy") yield* inputsOfCopy(ref, second.copy, listed, options, inputsOf, stop);
}

type Leased =
  | { readonly kind: "copy"; readonly copy: OpenCopy }
  | { readonly kind: "unchanged" | "stopped" }
  | { readonly kind: "failed"; readonly error: unknown };

async function leased(lease: () => Promise<OpenCopy | null>, stop: AbortSignal): Promise<Leased> {
  try {
    const copy = await lease();
    return copy === null ? { kind: "unchanged" } : { kind: "copy", copy };
  } catch (error) {
    return stop.aborted ? { kind: "stopped" } : { kind: "failed", error };
  }
}

/** Returns null at the end of the record, or if `stop` fires. Returns the number of images before the damage if the record is damaged. */
async function* inputsOfRecord(
  record: NameRecord,
  { onLeftOut, onLeftOutColumn }: CopiedOptions,
  stop: AbortSignal,
): AsyncGenerator<IngestInput, number | null> {
  let listed = 0;
  let isWhole = false;
  const inputs = record.inputs(({ leftOut, leftOutColumns }) => {
    isWhole = true;
    for (const column of leftOutColumns) onLeftOutColumn?.(column);
    for (const [extension, count] of Object.entries(leftOut)) for (let file = 0; file < count; file += 1) onLeftOut?.(extension);
  });
  for await (const input of inputs) {
    if (stop.aborted) return null;
    listed += 1;
    yield input;
  }
  return isWhole ? null : listed;
}

/** Lists a copy from the image `from` on, records all images, and releases the copy. */
async function* inputsOfCopy(
  ref: ImageRef,
  copy: OpenCopy,
  from: number,
  options: CopiedOptions,
  inputsOf: Lister,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  const { copies, names } = options;
  const { uri, location, scheme } = ref;
  const renamed = (error: HeadraceError): HeadraceError => withName(error, copy.path, uri);
  const tally = new ListingTally();
  const told = {
    onLeftOut: (extension: string): void => {
      tally.onLeftOut(extension);
      options.onLeftOut?.(extension);
    },
    onLeftOutColumn: (column: LeftOutColumn): void => {
      tally.onLeftOutColumn(column);
      options.onLeftOutColumn?.(column);
    },
  };
  let writer: NameWriter | null = null;
  try {
    if (names !== null && copy.told !== null) {
      writer = names.create({ file: ref, ...options }, copy.told, await copies.temporaryPath(".names"));
    }
    let at = 0;
    for await (const input of inputsOf({ path: copy.path, uri, copyOf: { uri, location, scheme, version: copy.version } }, told)) {
      await writer?.add(input);
      at += 1;
      if (at <= from) continue;
      const { refused } = input.ref;
      if (refused?.kind !== "fail") yield input;
      else yield { ...input, ref: { ...input.ref, refused: { kind: "fail", error: renamed(refused.error) } } };
    }
    if (!stop.aborted) await writer?.commit({ leftOut: tally.leftOut, leftOutColumns: tally.leftOutColumns });
  } catch (error) {
    throw HeadraceError.is(error) ? renamed(error) : error;
  } finally {
    copy.release();
    await writer?.discard();
  }
}

function withName(error: HeadraceError, path: string, name: string): HeadraceError {
  if (!error.message.includes(path)) return error;
  const { code, item, ...rest } = error.toJSON();
  return new HeadraceError(code, error.message.replaceAll(path, name), {
    ...rest,
    ...(item === undefined ? {} : { item: item.replaceAll(path, name) }),
    cause: error.cause,
  });
}
