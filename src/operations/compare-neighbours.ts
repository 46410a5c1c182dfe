/** Compares two collections of the same images by searches for a sample of their rows. */
import type { Collection, Key } from "../contracts/index.js";
import { hashOfText, scoreOf } from "../kit/index.js";

/** How two collections answer, on a sample of the rows that both have. */
export interface NeighbourComparison {
  /** Number of rows in the sample. */
  readonly sample: number;
  /** Share of the rows (0 to 1) whose own vector the target finds as the best hit, of the row or a copy. null if the sample is empty. */
  readonly selfRetrieval: number | null;
  /** Mean share (0 to 1) of the ten nearest neighbours that both collections have in common. null if the sample has fewer than two rows. */
  readonly overlap: number | null;
}

const neighbours = 10;
const maxSample = 100;
const searchedAtOnce = 20;
/** The vector of a row and a stored copy of it may differ by rounding. */
const roundingShare = 1e-3;

/** Keeps a sample of the keys that it sees. The same keys give the same sample, in any order. */
export class KeySample {
  #kept: { readonly key: Key; readonly rank: number }[] = [];

  add(key: Key): void {
    const [rank = 0] = hashOfText(String(key));
    const last = this.#kept.at(-1);
    if (this.#kept.length >= maxSample && last !== undefined && rank >= last.rank) return;
    this.#kept.push({ key, rank });
    this.#kept.sort((a, b) => a.rank - b.rank);
    this.#kept = this.#kept.slice(0, maxSample);
  }

  get keys(): readonly Key[] {
    return this.#kept.map(({ key }) => key);
  }
}

export async function compareNeighbours(
  origin: Collection,
  target: Collection,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<NeighbourComparison> {
  const [before, after] = await Promise.all([neighboursOf(origin, keys, signal), neighboursOf(target, keys, signal)]);
  const both = keys.filter((key) => before.has(key) && after.has(key));
  const overlaps = both.map((key) => overlapOf(before.get(key)!.nearest, after.get(key)!.nearest)).filter((each) => each !== null);
  const found = both.filter((key) => after.get(key)?.findsItself === true);
  return {
    sample: both.length,
    selfRetrieval: both.length === 0 ? null : found.length / both.length,
    overlap: overlaps.length === 0 ? null : overlaps.reduce((sum, each) => sum + each, 0) / overlaps.length,
  };
}

interface Neighbours {
  readonly nearest: readonly Key[];
  readonly findsItself: boolean;
}

async function neighboursOf(collection: Collection, keys: readonly Key[], signal: AbortSignal): Promise<ReadonlyMap<Key, Neighbours>> {
  const found = new Map<Key, Neighbours>();
  for (let start = 0; start < keys.length; start += searchedAtOnce) {
    const rows = await collection.get(keys.slice(start, start + searchedAtOnce), { vectors: "include", signal });
    const vectors = rows.map(({ vector }) => vector ?? new Float32Array(collection.dimension));
    const hits = await collection.search(vectors, { topK: neighbours + 1, signal });
    rows.forEach(({ id }, index) => {
      const own = hits[index] ?? [];
      const nearest = own.filter((hit) => hit.id !== id).slice(0, neighbours);
      // There may be more copies of the image than hits. All have the score of the vector with itself.
      const best = scoreOf(collection.metric, vectors[index]!, vectors[index]!);
      const findsItself = (own[0]?.score ?? Number.NEGATIVE_INFINITY) >= best - roundingShare * Math.max(1, Math.abs(best));
      found.set(id, { nearest: nearest.map((hit) => hit.id), findsItself });
    });
  }
  return found;
}

function overlapOf(first: readonly Key[], second: readonly Key[]): number | null {
  const most = Math.min(first.length, second.length);
  if (most === 0) return null;
  const others = new Set(second);
  return first.filter((key) => others.has(key)).length / most;
}
