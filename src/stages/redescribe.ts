/** Gives stored rows the metadata that the files of their images contain. Vectors and all other metadata stay as they are. */
import type { Item, Metadata, Result, Row, Stage, StoredRow } from "../contracts/index.js";
import { givenMetadata, withPictureMetadata } from "../kit/index.js";

/** What the file of a stored image is now. */
export interface ReadPicture {
  readonly content: string;
  readonly picture: Metadata;
}

/** Reads the image of a stored row. Throws an error of scope "item" if it cannot be read: its row then stays as it is. */
export type ReadStoredPicture = (row: StoredRow, signal: AbortSignal) => Promise<ReadPicture>;

/**
 * Skips rows that have this metadata already, so that a second run goes on where the first one ended, and rows whose image is another one. A row
 * whose vector came without its image is skipped unread, because nothing says which image that was.
 */
export function redescribeStage(read: ReadStoredPicture): Stage<Row, Row> {
  let messages: readonly string[] = [];
  let isTold = false;
  return {
    name: "read",
    process: (batch, signal) => {
      if (!isTold && batch.some(isWithoutImage)) {
        isTold = true;
        messages = ["Some rows have vectors that came without their images. These rows stay as they are."];
      }
      return Promise.all(batch.map((item) => redescribed(item, read, signal)));
    },
    notices: () => {
      const news = messages;
      messages = [];
      return news;
    },
  };
}

async function redescribed(item: Item<Row>, read: ReadStoredPicture, signal: AbortSignal): Promise<Result<Row>> {
  const { seq, id, facts, value } = item;
  if (isWithoutImage(item)) return { kind: "skip", seq, reason: "without_image" };
  const { content, picture } = await read({ id, facts, vector: value.vector, ingestedAt: value.ingestedAt ?? 0 }, signal);
  if (content !== facts.content) return { kind: "skip", seq, reason: "changed" };
  const metadata = withPictureMetadata(facts, picture);
  const isSame = JSON.stringify(givenMetadata(metadata)) === JSON.stringify(givenMetadata(facts.metadata));
  return isSame ? { kind: "skip", seq, reason: "known" } : { kind: "ok", item: { ...item, facts: { ...facts, metadata } } };
}

function isWithoutImage({ facts }: Item<Row>): boolean {
  return facts.content === "";
}
