/** Makes the ref of one file that a program names, whether or not it exists. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { ImageRef } from "../../contracts/index.js";
import { fileUri, pathOfFileUrl } from "../../kit/index.js";
import { concernsOnePath, fromListingError } from "./errors.js";
import { fileVersion } from "./version.js";

/** Takes a path or a `file:` URL. A missing file fails later, when it is read. Throws `source_failed` for errors beyond this file. */
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
