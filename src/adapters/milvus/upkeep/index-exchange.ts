/**
 * Puts the wanted index in the place of the exact one. Milvus drops an index only while the collection is released, so that there is a
 * time without answers; it ends with the request to load, not with the build: Milvus searches exactly what it has not indexed yet.
 */
import { HeadraceError } from "../../../contracts/index.js";
import type { IndexType } from "../options.js";
import { BusyNote } from "./index-note.js";
import type { LoadState } from "./load-state.js";
import type { Properties } from "./properties.js";
import { serve } from "./serving.js";
import type { IndexInPlace, VectorIndex } from "./vector-index.js";
import { pause } from "./waits.js";

/** Others that load the collection or make an exact index meanwhile are met again, not failed for. */
const attempts = 20;
const retryMs = 250;

export interface ExchangeParts {
  readonly properties: Properties;
  readonly index: VectorIndex;
  readonly load: LoadState;
  readonly wanted: IndexType;
}

/** Whether it is there only until the wanted one is built. */
export function isExact(index: IndexInPlace | null): boolean {
  return index === null || index.type === "FLAT";
}

/**
 * Takes some seconds, and must not be left before it ends: `upkeep` hands it to its owner when the call is stopped. "lost": another
 * process is at it. When it fails, the exact index is back and the collection is being loaded.
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
  throw new HeadraceError("store_unavailable", `${what}: other processes load it, or index it, again and again`, {
    hint: "Stop what loads or indexes the collection, then run the same command again.",
  });
}

/** A server that is away for longer leaves the note as it is; the next one that opens the collection restores it then. */
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
