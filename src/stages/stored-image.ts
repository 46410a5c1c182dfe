/** Reads the images of stored rows, to hand them on as they are or as small pictures. */
import { HeadraceError, type Item, type Result, type Row, type Stage, type StoredRow } from "../contracts/index.js";
import { advance, fingerprint } from "../kit/index.js";

/** A row with the file of its image. */
export interface RowWithFile extends Row {
  readonly file: Uint8Array;
}

/** Reads the image of a stored row. Throws an error of scope "item" if it cannot be read. */
export type ReadStoredFile = (row: StoredRow, signal: AbortSignal) => Promise<Uint8Array>;

/** Skips rows whose image is another one now, and rows whose vector came without its image: nothing says which image that was. */
export function storedImageStage(read: ReadStoredFile): Stage<Row, RowWithFile> {
  return { name: "read", process: (batch, signal) => Promise.all(batch.map((item) => withFile(item, read, signal))) };
}

async function withFile(item: Item<Row>, read: ReadStoredFile, signal: AbortSignal): Promise<Result<RowWithFile>> {
  const { seq, id, facts, value, bytes } = item;
  if (facts.content === "") return { kind: "skip", seq, reason: "without_image" };
  const file = await read({ id, facts, vector: value.vector, ingestedAt: value.ingestedAt ?? 0 }, signal);
  if (fingerprint(file) !== facts.content) return { kind: "skip", seq, reason: "changed" };
  return { kind: "ok", item: advance(item, { ...value, file }, bytes + file.byteLength) };
}

/** A row with a small JPEG of its image. Null: the image cannot be shown. */
export interface RowWithPicture extends Row {
  readonly picture: Uint8Array | null;
}

/** Makes a small picture of the image of a stored row. Throws an error of scope "item" if it cannot be read. */
export type ReadStoredPreview = (row: StoredRow, signal: AbortSignal) => Promise<Uint8Array | null>;

/** Hands every row on. Rows whose image cannot be shown have no picture, and are counted. */
export function storedPreviewStage(read: ReadStoredPreview): Stage<Row, RowWithPicture> {
  let without = 0;
  let told = 0;
  const withPicture = async (item: Item<Row>, signal: AbortSignal): Promise<Result<RowWithPicture>> => {
    const { id, facts, value, bytes } = item;
    const picture = await unlessUnreadable(read({ id, facts, vector: value.vector, ingestedAt: value.ingestedAt ?? 0 }, signal));
    if (picture === null) without += 1;
    return { kind: "ok", item: advance(item, { ...value, picture }, bytes + (picture?.byteLength ?? 0)) };
  };
  return {
    name: "picture",
    process: (batch, signal) => Promise.all(batch.map((item) => withPicture(item, signal))),
    notices: () => {
      if (without === told || told > 0) return [];
      told = without;
      return ["Some rows get no picture: their images are away, changed, or cannot be decoded."];
    },
  };
}

async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (HeadraceError.is(error) && error.scope === "item") return null;
    throw error;
  }
}
