/** Where copies are kept, and how much room and time they may take. */
import { join } from "node:path";
import { mebibyte } from "../../kit/index.js";
import type { RemoteCopiesOptions } from "../../sources/index.js";
import type { Settings } from "../configuration/settings.js";

export function copyLimits({ downloads, lancedb }: Pick<Settings, "downloads" | "lancedb">): Omit<RemoteCopiesOptions, "readers"> {
  return {
    folder: downloads.folder ?? join(lancedb.path, "downloads"),
    maxBytes: downloads.maxMb * mebibyte,
    namesMaxBytes: downloads.namesMaxMb * mebibyte,
    timeoutMs: downloads.timeout * 1000,
  };
}
