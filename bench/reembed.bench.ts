/** Searches while a collection is embedded again: five clients on 20,000 rows, in both stores. */
import { atMost, type BenchSection, type Figure, plain } from "./harness.js";
import { measureScript } from "./processes.js";
import type { ReembedBench } from "./reembed-run.js";

export async function reembedding(): Promise<BenchSection> {
  const figures: Figure[] = [];
  for (const [store, kind] of [
    ["LanceDB", "lancedb"],
    ["Milvus", "milvus"],
  ] as const) {
    const { before, during, embedded, seconds } = await measureScript<ReembedBench>("reembed-run", kind);
    const text = ({ p50Ms, p99Ms, searches }: ReembedBench["before"]) => `${p50Ms.toFixed(0)}, ${p99Ms.toFixed(0)} (${searches} searches)`;
    figures.push(
      plain(`${store}: median and 99th percentile of a search before, ms`, text(before)),
      plain(`${store}: the same while it re-embeds, ms`, text(during)),
      atMost(`${store}: 99th percentile while it re-embeds ÷ before`, during.p99Ms / before.p99Ms, 1.5, 2),
      plain(`${store}: images embedded again meanwhile, per second`, (embedded / seconds).toFixed(1)),
    );
  }
  return {
    name: "reembed",
    title: "Searches while a collection is embedded again: 20,000 rows, five clients that search by image and wait 0.1 s",
    command: "npm run bench -- reembed",
    figures,
  };
}
