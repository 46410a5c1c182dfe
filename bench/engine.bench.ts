/** How many items a second the engine itself can move: four stages that do nothing, batches of 32, an observer attached. */
import { fileURLToPath } from "node:url";
import type { ImageFacts, Item, Row, Sink, Source, Stage } from "../src/contracts/index.js";
import { from, run } from "../src/engine/index.js";

const facts: ImageFacts = { source: "", root: "", version: "", content: "", metadata: {}, metadataHash: "", width: 0, height: 0 };
const value: Row = { vector: new Float32Array(0) };
const lane = { batch: { maxItems: 32, lingerMs: 20 }, queue: { maxItems: 64 } };

/** Moves `items` through three stages and a sink; throws when one of them was not stored. */
export async function measureEngine(items: number): Promise<{ readonly itemsPerSecond: number }> {
  let settled = 0;
  const pipeline = from(sourceOf(items)).through(idle("a"), lane).through(idle("b"), lane).through(idle("c"), lane).into(idleSink, lane);
  const startedAt = performance.now();
  const report = await run(pipeline, {
    observer: (event) => {
      if (event.kind === "item-settled") settled += 1;
    },
  }).done;
  const elapsedMs = performance.now() - startedAt;
  if (report.ended !== "completed" || report.stored !== items || settled !== items) {
    throw new Error(`expected ${items} stored items, found ${report.stored} and the end "${report.ended}"`, { cause: report.error });
  }
  return { itemsPerSecond: items / (elapsedMs / 1_000) };
}

function sourceOf(items: number): Source<Row> {
  return {
    name: "numbers",
    async *read() {
      for (let seq = 0; seq < items; seq += 1) yield { seq, id: `${seq}`, facts, bytes: 1_000, value };
    },
  };
}

function idle(name: string): Stage<Row, Row> {
  return {
    name,
    async process(batch: readonly Item<Row>[]) {
      return batch.map((item) => ({ kind: "ok", item }) as const);
    },
  };
}

const idleSink: Sink = {
  name: "sink",
  async process(batch) {
    return batch.map(({ seq }) => ({ kind: "ok", seq }) as const);
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rates: number[] = [];
  for (let round = 0; round < 7; round += 1) rates.push((await measureEngine(1_000_000)).itemsPerSecond);
  rates.sort((a, b) => a - b);
  console.log(`${Math.round(rates[3] as number)} items/s (median of 7 runs of 1,000,000 items, from ${Math.round(rates[0] as number)})`);
}
