/** How many items the engine alone moves a second. */
import { measureEngine } from "./engine.bench.js";
import { atLeast, type BenchSection, median, plain, spread } from "./harness.js";

const items = 400_000;
const rounds = 7;

export async function engineSpeed(): Promise<BenchSection> {
  const perSecond: number[] = [];
  for (let round = 0; round < rounds; round += 1) perSecond.push((await measureEngine(items)).itemsPerSecond);
  return {
    name: "engine",
    title: "The engine alone: no-op items through four stages, batches of 32, observer attached, accounting on",
    command: "npm run bench -- engine",
    figures: [
      atLeast("items a second, median", median(perSecond), 500_000, 0),
      plain(`median (min–max) of ${rounds} runs`, spread(perSecond, 0)),
    ],
  };
}
