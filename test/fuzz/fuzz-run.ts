/** Ingests a folder of mutants in a process of its own, and prints how each ended: `node fuzz-run.js FOLDER COUNT DAMAGED`. */
import { basename, join } from "node:path";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../src/app/index.js";
import { cosineOf, pillowReadings } from "./readings.js";

/** How a mutant ended. */
export interface Ending {
  readonly name: string;
  /** "stored", or the code of the failure. */
  readonly ended: string;
  /** The cosine to the embedding of Pillow's reading; null if not both have one. */
  readonly cosine: number | null;
}

export interface FuzzReport {
  readonly ended: string;
  readonly read: number;
  readonly stored: number;
  readonly failed: number;
  readonly endings: readonly Ending[];
  /** The longest time in which no mutant ended. */
  readonly longestGapMs: number;
  readonly peakRssBytes: number;
}

const [folder = "", count = "0", damaged = "refuse"] = process.argv.slice(2);
const config = new ServiceConfig({
  lancedb: { path: join(folder, `data-${damaged}`) },
  preprocess: { damaged: damaged as "keep" | "refuse" },
});
const endings = new Map<string, string>();
let last = performance.now();
let longestGapMs = 0;
await using pipeline = await ImageEmbeddingPipeline.open(config);
const run = await pipeline.ingest({
  inputs: listInputs({ paths: [join(folder, "mutants")] }),
  collectionName: "mutants",
  schedule: "overlapped",
  onOutcome: (outcome) => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    endings.set(basename(outcome.facts.source), outcome.kind === "failed" ? outcome.error.code : outcome.kind);
  },
});
const { ended, read, stored, failed } = await run.done;
const vectors = new Map<string, Float32Array>();
for await (const rows of pipeline.scan("mutants", { vectors: "include" }))
  for (const { facts, vector } of rows) vectors.set(basename(facts.source), vector!);
const readings = pillowReadings().slice(0, Number(count));
const report: FuzzReport = {
  ended,
  read,
  stored,
  failed,
  endings: [...endings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, end]) => ({ name, ended: end, cosine: cosineFor(name) })),
  longestGapMs,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(report));

function cosineFor(name: string): number | null {
  const [ours, pillows] = [vectors.get(name), readings[Number.parseInt(name, 10)]?.vector];
  return ours === undefined || pillows === undefined || pillows === null ? null : cosineOf(ours, pillows);
}
