/** The choices of a history: everything random comes from numbers that the history contains, so that it can be played again. */
import { randomWords } from "../../odd-images/random.js";

/** One step, before it is known what it will meet. The numbers decide between what is possible then. */
export interface Step {
  readonly kind: string;
  readonly numbers: readonly number[];
}

const numbersPerStep = 6;

/** Takes the numbers of a step one after the other. */
export class Choices {
  #at = 0;

  constructor(readonly numbers: readonly number[]) {}

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    const number = this.numbers[this.#at % this.numbers.length] ?? 0;
    this.#at += 1;
    return number % end;
  }

  /** undefined: there is nothing to choose from. */
  of<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }

  /** Returns true once in `many` times. */
  oneIn(many: number): boolean {
    return this.below(many) === 0;
  }
}

/** `weights`: how often each kind of step comes, for each stretch of steps. */
export function stepsOf(
  seed: number,
  stretches: readonly { readonly steps: number; readonly weights: Readonly<Record<string, number>> }[],
): readonly Step[] {
  const next = randomWords(seed + 1);
  for (let skipped = 0; skipped < 8; skipped += 1) next();
  return stretches.flatMap(({ steps, weights }) => {
    const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));
    return Array.from({ length: steps }, () => ({
      kind: kinds[next() % kinds.length] ?? "",
      numbers: Array.from({ length: numbersPerStep }, () => next() >>> 4),
    }));
  });
}
