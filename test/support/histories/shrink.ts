/** Makes a history that breaches a rule as short as it can be. */
import { breachOf, type Played, play, type Setting } from "./history.js";
import type { Step } from "./random.js";

export interface Minimal {
  readonly steps: readonly Step[];
  readonly played: Played;
}

/** Leaves out one stretch of steps after the other, as long as the same rule is breached. */
export async function shrink(steps: readonly Step[], setting: Setting, played: Played): Promise<Minimal> {
  const breach = breachOf(played);
  let best: Minimal = { steps, played };
  for (let length = Math.ceil(steps.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let start = best.steps.length - length; start >= 0; start -= length) {
      const fewer = best.steps.toSpliced(start, length);
      const again = await play(fewer, setting);
      if (breachOf(again) === breach) best = { steps: fewer, played: again };
    }
  }
  return best;
}
