/** How many images one process passes to the model when decoding is not the limit: 64 simulated decode workers, real pictures. */
import { atLeast, atMost, type BenchSection, median, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const workers = 64;
const images = 20_000;
const rounds = 3;

interface Measured {
  readonly imagesPerSecond: number;
  readonly mainThreadMs: number;
  readonly peakRssBytes: number;
}

export async function largeMachine(): Promise<BenchSection> {
  const runs: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    runs.push(await measureScript<Measured>("large-machine-run", String(workers), String(images)));
  }
  return {
    name: "large-machine",
    title: `A simulated large machine: ${workers} decode workers that wait 20 ms per image, and a model of 1 ms per batch on shared memory`,
    command: "npm run bench -- large-machine",
    figures: [
      atLeast("images/s that reach the model, in one process", median(runs.map(({ imagesPerSecond }) => imagesPerSecond)), 2_500, 0),
      atMost("CPU time of the main thread per image, ms", median(runs.map(({ mainThreadMs }) => mainThreadMs)), 0.3, 3),
      plain("peak memory with all workers, MB", Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes / 1e6)).toFixed(0)),
    ],
  };
}
