/** A folder whose changes become inputs, as long as it is watched. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { fileUri, keyOf } from "../../kit/index.js";
import { makeFolderWatch, makeListing } from "../wiring/input-adapters.js";
import { type InputStream, listInputs } from "./listings.js";

export interface WatchedFolderOptions {
  /** A file is complete when it has not changed for this time. Default 1000. */
  readonly settleMs?: number;
  /** The whole folder is listed again after this time, in case that a change was not noticed. Default 600,000: ten minutes. */
  readonly rescanMs?: number;
  /** Ends the watch. Changes that were already noticed are still given. */
  readonly signal: AbortSignal;
}

/**
 * Streams inputs for one ingestion after the other: first the whole folder, then what has changed since. The caller asks for the next when
 * an ingestion has ended. Missing images are not noticed; `sync` finds them. Throws `source_failed` if the folder does not exist.
 */
export async function* watchedInputs(path: string, options: WatchedFolderOptions): AsyncGenerator<InputStream> {
  const { settleMs = 1000, rescanMs = 600_000, signal } = options;
  const folder = resolve(path);
  const watch = await makeFolderWatch(folder, { settleMs });
  try {
    yield listInputs({ paths: [folder] });
    let rescan = AbortSignal.timeout(rescanMs);
    while (!signal.aborted) {
      const changes = await watch.next(AbortSignal.any([signal, rescan]));
      if (changes.known === "some" || (rescan.aborted && !signal.aborted)) {
        yield listInputs({ paths: [folder] });
        rescan = AbortSignal.timeout(rescanMs);
      } else if (changes.paths.length > 0) yield changedInputs(folder, changes.paths);
    }
  } finally {
    await watch.close();
  }
}

/** The images have the folder as their root, as if they were listed with it. */
function changedInputs(folder: string, changed: readonly string[]): InputStream {
  return async function* list(stop) {
    const there = await Promise.all(changed.map(exists));
    const listing = await makeListing(
      changed.filter((_, at) => there[at]),
      {},
    );
    for await (const ref of listing.list(stop)) yield { id: keyOf(ref.uri), ref: { ...ref, root: fileUri(folder) } };
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
