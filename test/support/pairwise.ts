/** Chooses few combinations of several properties so that each two values that occur together at all are chosen together. */

/** Deterministic: of combinations that bring equally many new pairs, the first is chosen. */
export function pairwise<T extends Readonly<Record<string, string>>>(combinations: readonly T[]): readonly T[] {
  const open = new Set(combinations.flatMap(pairsOf));
  const chosen: T[] = [];
  while (open.size > 0) {
    let [best, most] = [combinations[0]!, 0];
    for (const each of combinations) {
      const fresh = pairsOf(each).filter((pair) => open.has(pair)).length;
      if (fresh > most) [best, most] = [each, fresh];
    }
    chosen.push(best);
    for (const pair of pairsOf(best)) open.delete(pair);
  }
  return chosen;
}

function pairsOf(combination: Readonly<Record<string, string>>): readonly string[] {
  const values = Object.entries(combination).map(([name, value]) => `${name}=${value}`);
  return values.flatMap((one, at) => values.slice(at + 1).map((other) => `${one} ${other}`));
}
