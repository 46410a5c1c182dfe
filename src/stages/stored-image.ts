/** Reads the images of stored rows, to hand them on as they are. */
import type { Item, Result, Row, Stage, StoredRow } from "../contracts/index.js";
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
