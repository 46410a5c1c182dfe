/** Opens two preprocessors that do the same, tries both on a small batch, and keeps the faster. */
import { HeadraceError, type Pixels, type Preprocessor } from "../../contracts/index.js";
import { plainSlab, rowBytes } from "../../kit/index.js";

export interface FastestOptions {
  /** Used when the candidate cannot be opened here. */
  readonly fallback: () => Promise<Preprocessor>;
  readonly candidate: () => Promise<Preprocessor>;
}

const images = 8;
const rounds = 3;

/** What it gives back is open, and says in its label how both did. */
export async function openFastest({ fallback, candidate }: FastestOptions, signal: AbortSignal): Promise<Preprocessor> {
  const safe = await fallback();
  await safe.open?.(signal);
  let rival: Preprocessor | null = null;
  try {
    rival = await openIfThere(candidate, signal);
    if (rival === null) return safe;
    const [safeMs, rivalMs] = [await imageMs(safe, signal), await imageMs(rival, signal)];
    const [kept, left, keptMs, leftMs] = safeMs <= rivalMs ? [safe, rival, safeMs, rivalMs] : [rival, safe, rivalMs, safeMs];
    await left.close?.();
    return relabelled(kept, `${kept.label}: ${keptMs.toFixed(2)} ms an image when opened, with ${left.name} ${leftMs.toFixed(2)} ms`);
  } catch (error) {
    await Promise.allSettled([safe.close?.(), rival?.close?.()]);
    throw error;
  }
}

/** Null where its package or its device is missing. */
async function openIfThere(make: () => Promise<Preprocessor>, signal: AbortSignal): Promise<Preprocessor | null> {
  try {
    const made = await make();
    await made.open?.(signal);
    return made;
  } catch (error) {
    if (HeadraceError.is(error) && (error.code === "part_missing" || error.code === "config_conflict")) return null;
    throw error;
  }
}

/** The best of a few rounds, as everything else that a machine does only adds to it. */
async function imageMs(preprocessor: Preprocessor, signal: AbortSignal): Promise<number> {
  const { width, height } = preprocessor.input;
  const image: Pixels = { width, height, data: new Uint8Array(width * height * 3).fill(127), original: { width, height } };
  const batch = Array.from({ length: images }, () => image);
  const slab = plainSlab(images, rowBytes(preprocessor.output));
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    await preprocessor.run(batch, slab, signal);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return bestMs / images;
}

function relabelled(inner: Preprocessor, label: string): Preprocessor {
  return {
    name: inner.name,
    label,
    input: inner.input,
    output: inner.output,
    run: (batch, into, signal) => inner.run(batch, into, signal),
    close: async () => inner.close?.(),
  };
}
