/** Makes the image reference of one file that a program names. The file need not exist. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { ImageRef } from "../../contracts/index.js";
import { fileUri, fileVersion, pathOfFileUrl } from "../../kit/index.js";
import { concernsOnePath, fromListingError } from "./errors.js";

/**
 * `input`: a path or a `file:` URL. A missing file is no error here, because reading it will fail. Throws `source_failed` for an error that
 * does not concern this file alone.
 */
export async function fileRef(input: string): Promise<ImageRef> {
  const path = resolve(pathOfFileUrl(input) ?? input);
  const uri = fileUri(path);
  const unknown: ImageRef = { uri, location: path, scheme: "file", root: uri, version: null, sizeBytes: null, metadata: null };
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? { ...unknown, version: fileVersion(stats, Date.now()), sizeBytes: Number(stats.size) } : unknown;
  } catch (cause) {
    if (concernsOnePath(cause)) return unknown;
    throw fromListingError(cause, path);
  }
}
