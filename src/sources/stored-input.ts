/** Turns stored rows into inputs: each row names the source that its image came from. */
import { HeadraceError, type ImageRef, type IngestInput, type StoredRow } from "../contracts/index.js";
import type { FileNaming } from "../kit/index.js";
import { type FileRefs, ingestInput } from "./inputs.js";

/** Returns the image of a row, under its key, source, root and metadata. A source that cannot be read again fails only this image. */
export async function storedInput(row: StoredRow, fileRefs: FileRefs, naming: FileNaming | null): Promise<IngestInput> {
  const { source, root, metadata } = row.facts;
  const found = await refOf(source, fileRefs, naming);
  return { id: row.id, ref: { ...found, uri: source, root, metadata }, row };
}

async function refOf(source: string, fileRefs: FileRefs, naming: FileNaming | null): Promise<ImageRef> {
  if (source.startsWith("sha256:")) return unrepeatable(source);
  if (naming !== null && source.startsWith(`${naming.as}:`)) return fileRefs(`${naming.base}/${source.slice(naming.as.length + 1)}`);
  return (await ingestInput({ input: source }, fileRefs)).ref;
}

function unrepeatable(source: string): ImageRef {
  const error = new HeadraceError(
    "source_unreadable",
    `${source}: expected a source that can be read again, found an image that was given as bytes`,
    {
      scope: "item",
      item: source,
      retryable: false,
      hint: "Insert the image again, from its bytes.",
    },
  );
  const refused = { kind: "fail", error } as const;
  return { uri: source, location: source, scheme: "", root: source, version: null, sizeBytes: 0, metadata: null, refused };
}
