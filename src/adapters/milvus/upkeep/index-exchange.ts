/**
 * Replaces the exact index (type FLAT) of a collection with the configured index. Milvus drops an index only while the collection is
 * released, that is, not loaded. Queries fail during that time. Queries work again after the request to load the collection. Milvus
 * searches new rows exactly until Milvus has indexed the rows.
 */
import { HeadraceError } from "../../../contracts/index.js";
import type { Properties } from "../connection/properties.js";
import { pause } from "../connection/waits.js";
import type { IndexType } from "../options.js";
import { BusyNote } from "./index-note.js";
import type { LoadState } from "./load-state.js";
import { serve } from "./serving.js";
import type { IndexInPlace, VectorIndex } from "./vector-index.js";

/** Maximum attempts to replace the index. An attempt fails when another process loads the collection or creates an exact index. */
const attempts = 20;
const retryMs = 250;

export interface ExchangeParts {
  readonly properties: Properties;
  readonly index: VectorIndex;
  readonly load: LoadState;
  readonly wanted: IndexType;
}

/** True when the configured index must still be created: the collection has no index, or only the exact one. */
export function isExact(index: IndexInPlace | null): boolean {
  return index === null || index.type === "FLAT";
}

/**
 * Takes a few seconds. Must run to the end, even when the caller's signal aborts: `Upkeep.close` waits for the end. Returns "lost" when
 * another process replaces the index. After a failure, the exact index is restored and the collection is loading.
 */
export async function exchangeIndex(parts: ExchangeParts): Promise<"exchanged" | "lost"> {
  const note = new BusyNote("exchanging");
  if (!(await note.take(parts.properties))) return "lost";
  note.keep(parts.properties);
  try {
    const outcome = await replace(parts, note);
    await serve(parts.index, parts.load, "FLAT");
    return (await note.end(parts.properties, "building")) === "lost" ? "lost" : outcome;
  } catch (error) {
    await restore(parts, note);
    throw error;
  }
}

async function replace({ properties, index, load, wanted }: ExchangeParts, note: BusyNote): Promise<"exchanged" | "lost"> {
  const what = `exchange the index of ${load.collection}`;
  for (let left = attempts; left > 0; left -= 1) {
    if (!(await note.holds(properties))) return "lost";
    const found = await index.inPlace();
    if (!isExact(found)) return "exchanged";
    if (found !== null) {
      await load.release();
      if ((await index.drop(found.name)) === "loaded") continue;
    }
    if ((await index.create(wanted)) === "created") return "exchanged";
    await pause(retryMs, { what });
  }
  throw new HeadraceError("store_unavailable", `${what}: expected sole access, found other processes that load or index it`, {
    hint: "Stop the processes that load or index the collection, then run the same command again.",
  });
}

/**
 * Restores the exact index and requests that the server loads the collection. If the server is unavailable for too long, the index note
 * stays. The next process that opens the collection then restores the index.
 */
async function restore({ properties, index, load }: ExchangeParts, note: BusyNote): Promise<void> {
  for (let left = attempts; left > 0; left -= 1) {
    const [done] = await Promise.allSettled([serve(index, load, "FLAT").then(() => index.inPlace())]);
    if (done.status === "fulfilled") {
      await Promise.allSettled([note.end(properties, isExact(done.value) ? "pending" : "building")]);
      return;
    }
    await pause(retryMs * 2, { what: `restore ${load.collection}` });
  }
  await note.stop();
}
