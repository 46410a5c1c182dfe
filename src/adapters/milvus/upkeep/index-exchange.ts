/**
 * Replaces the exact index with the wanted one. Milvus drops an index only while the collection is released, so queries fail meanwhile.
 * Queries work again after the load request. Milvus searches rows exactly until it has indexed them.
 */
import { HeadraceError } from "../../../contracts/index.js";
import type { IndexType } from "../options.js";
import { BusyNote } from "./index-note.js";
import type { LoadState } from "./load-state.js";
import type { Properties } from "./properties.js";
import { serve } from "./serving.js";
import type { IndexInPlace, VectorIndex } from "./vector-index.js";
import { pause } from "./waits.js";

/** Other processes may load the collection or create an exact index meanwhile. The exchange then tries again. */
const attempts = 20;
const retryMs = 250;

export interface ExchangeParts {
  readonly properties: Properties;
  readonly index: VectorIndex;
  readonly load: LoadState;
  readonly wanted: IndexType;
}

/** True for an index that only serves until the wanted one is built. */
export function isExact(index: IndexInPlace | null): boolean {
  return index === null || index.type === "FLAT";
}

/**
 * Takes a few seconds and must run to its end, even when the call is aborted: `Upkeep.close` waits for it. "lost": another process
 * exchanges the index. After a failure the exact index is back, and the collection is loading.
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

/** When the server is away for too long, the note stays. The next process that opens the collection restores it. */
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
