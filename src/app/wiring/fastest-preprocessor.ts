/** Opens two preprocessors that compute the same, measures both on a small batch, and keeps the faster one. */
import { HeadraceError, type Pixels, type Preprocessor } from "../../contracts/index.js";
import { plainSlab, rowBytes } from "../../kit/index.js";

export interface FastestOptions {
  /** Makes the preprocessor that is used if the candidate cannot be opened or is slower. */
  readonly fallback: () => Promise<Preprocessor>;
  readonly candidate: () => Promise<Preprocessor>;
}

const images = 8;
const rounds = 3;

/**
 * Returns the faster of both preprocessors, already open, with both measured times in its label. If the candidate cannot be opened, returns
 * the fallback without measuring.
 */
export async function openFastest({ fallback, candidate }: FastestOptions, signal: AbortSignal): Promise<Preprocessor> {
  const first = await fallback();
  await first.open?.(signal);
  let second: Preprocessor | null = null;
  try {
    second = await openIfAvailable(candidate, signal);
    if (second === null) return first;
    const [firstMs, secondMs] = [await imageMs(first, signal), await imageMs(second, signal)];
    const [winner, loser, winnerMs, loserMs] =
      firstMs <= secondMs ? [first, second, firstMs, secondMs] : [second, first, secondMs, firstMs];
    await loser.close?.();
    return relabelled(
      winner,
      `${winner.label}: ${winnerMs.toFixed(2)} ms per image at startup, ${loser.name} took ${loserMs.toFixed(2)} ms`,
    );
  } catch (error) {
    await Promise.allSettled([first.close?.(), second?.close?.()]);
    throw error;
  }
}

/** Opens a preprocessor. Returns null if its package or device is missing. */
async function openIfAvailable(make: () => Promise<Preprocessor>, signal: AbortSignal): Promise<Preprocessor | null> {
  try {
    const made = await make();
    await made.open?.(signal);
    return made;
  } catch (error) {
    if (HeadraceError.is(error) && (error.code === "part_missing" || error.code === "config_conflict")) return null;
    throw error;
  }
}

/** Returns the milliseconds per image. Takes the fastest of a few rounds, because other load on the machine only adds time. */
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
