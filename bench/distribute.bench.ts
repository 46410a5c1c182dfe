/** Distributes a manifest of ten million images twice. */
import { startRedis } from "../test/support/services/redis.js";
import type { DistributeRun } from "./distribute-run.js";
import { atLeast, atMost, type BenchSection, plain } from "./harness.js";
import { measureScript } from "./processes.js";

const lines = 10_000_000;

export async function distributeMillions(): Promise<BenchSection> {
  const redis = await startRedis();
  try {
    const { shards, items, ms, msAgain, addedAgain, peakBytes } = await measureScript<DistributeRun>(
      "distribute-run",
      redis.url,
      String(lines),
    );
    return {
      name: "distribute",
      title: "Distributing a manifest of 10,000,000 images into shards of 1,000, twice",
      command: "npm run bench -- distribute",
      figures: [
        plain("shards", String(shards)),
        atLeast("images/s, the first time", items / (ms / 1000), 100_000, 0),
        plain("images/s, the second time", (items / (msAgain / 1000)).toFixed(0)),
        atMost("shards that were added the second time", addedAgain, 0, 0),
        atMost("peak memory, MB", peakBytes / 1e6, 300, 0),
      ],
    };
  } finally {
    await redis.stop();
  }
}
