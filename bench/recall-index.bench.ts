/** How well the built index finds the ten nearest, and whether its scores are the exact ones. */
import { atLeast, atMost, type BenchSection, type Figure, plain } from "./harness.js";
import { measureRecall } from "./recall.bench.js";

export async function recallOfIndex(): Promise<BenchSection> {
  const clustered = await measureRecall({ data: "embeddings" });
  const uniform = await measureRecall({ data: "uniform", dimension: 128 });
  return {
    name: "recall",
    title: "LanceDB: the ten nearest of 50,000 vectors with the built index, against exact search",
    command: "npm run bench -- recall",
    figures: [...figuresOf("1,280-d, clustered", clustered), ...figuresOf("128-d, uniform noise", uniform)],
  };
}

function figuresOf(what: string, recall: Awaited<ReturnType<typeof measureRecall>>): readonly Figure[] {
  return [
    atLeast(`${what}, ${recall.index}: recall@10`, recall.recallAt10, 0.99, 4),
    atMost(`${what}: largest difference of a score to the exact one`, recall.scoreError, 1e-4, 8),
    plain(`${what}: ms a query, exact and with the index`, `${recall.exactMsPerQuery.toFixed(1)}, ${recall.indexMsPerQuery.toFixed(1)}`),
  ];
}
