/** A folder whose changes become inputs, as long as it is watched. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { fileUri, keyOf, mapItems } from "../../kit/index.js";
import { type FolderWatch, makeFolderWatch, makeListing } from "../listing-adapters.js";
import { type InputStream, listInputs } from "./listings.js";

export interface WatchedFolderOptions {
  /** A file is complete when it has not changed for this time. Default 1000. */
  readonly settleMs?: number;
  /** The whole folder is listed again after this time, in case that a change was not noticed. Default 600,000: ten minutes. */
  readonly rescanMs?: number;
  /** Receives messages for the user, for example when the system allows no more watches. Each cause is told once. Default: no messages. */
  readonly onNotice?: (message: string) => void;
  /** Ends the watch. Changes that were already noticed are still given. */
  readonly signal: AbortSignal;
}

/**
 * Streams inputs for one ingestion after the other: first the whole folder, then what has changed since. The caller asks for the next when
 * an ingestion has ended. Missing images are not noticed; `sync` finds them. Throws `source_failed` if the folder does not exist.
 */
export async function* watchedInputs(path: string, options: WatchedFolderOptions): AsyncGenerator<InputStream> {
  const folder = resolve(path);
  const { settleMs = defaultSettleMs, onNotice } = options;
  const watch = await makeFolderWatch(folder, { settleMs, ...(onNotice === undefined ? {} : { onNotice }) });
  try {
    yield* inputsOfWatch(folder, watch, options);
  } finally {
    await watch.close();
  }
}

const defaultSettleMs = 1_000;

/** After a burst of changes, the folder is listed again when there was no change for so many times the time to settle. */
const quietSettles = 5;
/** So many changes are a burst, in a small folder. In a larger one, it is one change for every hundred images. */
const minBurst = 100;
const imagesPerBurst = 100;

/** A watcher that is told of many changes at once may lose some. So the whole folder is listed again after a burst. */
export async function* inputsOfWatch(
  folder: string,
  watch: Pick<FolderWatch, "next" | "renew">,
  { settleMs = defaultSettleMs, rescanMs = 600_000, signal }: WatchedFolderOptions,
): AsyncGenerator<InputStream> {
  let images = 0;
  const all: InputStream = (stop) => {
    images = 0;
    return mapItems(listInputs({ paths: [folder] })(stop), (input) => {
      images += 1;
      return input;
    });
  };
  yield all;
  let changed = 0;
  let rescan = AbortSignal.timeout(rescanMs);
  while (!signal.aborted) {
    const isBurst = changed >= Math.max(minBurst, images / imagesPerBurst);
    const quiet = isBurst ? [AbortSignal.timeout(quietSettles * settleMs)] : [];
    const changes = await watch.next(AbortSignal.any([signal, rescan, ...quiet]));
    const isDue = rescan.aborted || quiet.some(({ aborted }) => aborted);
    if (changes.known === "some" || (isDue && !signal.aborted)) {
      await watch.renew();
      yield all;
      changed = 0;
      rescan = AbortSignal.timeout(rescanMs);
    } else if (changes.paths.length > 0) {
      changed += changes.paths.length;
      yield changedInputs(folder, changes.paths);
    }
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
