/**
 * A process that stores many images in LanceDB, then some with one call each. It kills itself (-9) shortly after a named call of LanceDB
 * began for the n-th time, or when so many rows are stored: `node killed-upkeep.js DATA POINT N`
 */

import { LanceCollection } from "../../src/adapters/lancedb/collection.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import type { Collection, RunEvent, VectorStore } from "../../src/contracts/index.js";

/** What the script prints when it was not killed. */
export interface UpkeepRun {
  readonly stored: number;
  readonly skipped: number;
  /** Milliseconds from the start of the first call until its first new row was stored. Null if it stored none. */
  readonly firstStoredMs: number | null;
}

const [images, singles, dimension] = [36_000, 40, 64];
const killAfterMs = 20;

const [data = "", point = "never", count = "1"] = process.argv.slice(2);
let left = Number(count);

const store = lancedbStore({ path: data });
const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), {
  own: { store: killable(store), decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension }) },
});
let [stored, firstStoredMs]: [number, number | null] = [0, null];
const started = performance.now();
const many = await pipeline.insertImagesAsync({ inputs: inputs(0, images), collectIds: "omit", observer: watch });
for (let at = images; at < images + singles; at += 1) await pipeline.insertImages({ inputs: inputs(at, 1) });
await pipeline.close();
if (many.stats.upkeepError !== undefined) throw many.stats.upkeepError;
process.stdout.write(`${JSON.stringify({ stored: many.stats.stored, skipped: many.stats.skipped, firstStoredMs } satisfies UpkeepRun)}\n`);

function watch(event: RunEvent): void {
  if (event.kind !== "item-settled" || event.outcome.kind !== "stored") return;
  firstStoredMs ??= performance.now() - started;
  stored += 1;
  if (point === "rows" && stored === Number(count)) process.kill(process.pid, "SIGKILL");
}

function* inputs(start: number, many: number): Generator<Uint8Array> {
  for (let at = start; at < start + many; at += 1) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, at);
    yield input;
  }
}

function killable(vectorStore: VectorStore): VectorStore {
  const watched = (opening: Promise<Collection>): Promise<Collection> =>
    opening.then((collection) => {
      if (collection instanceof LanceCollection) watchCalls(collection.parts.table);
      return collection;
    });
  const [create, openCollection] = [vectorStore.create.bind(vectorStore), vectorStore.openCollection.bind(vectorStore)];
  vectorStore.create = (...args) => watched(create(...args));
  vectorStore.openCollection = (...args) => watched(openCollection(...args));
  return vectorStore;
}

/** Counts the calls of the point's method, such as "optimize" or "createIndex vector". */
function watchCalls(table: object): void {
  const [method = "", argument] = point.split(" ");
  const original: unknown = Reflect.get(table, method);
  if (typeof original !== "function") return;
  Object.defineProperty(table, method, {
    value: (...args: unknown[]): unknown => {
      if (argument === undefined || args[0] === argument) left -= 1;
      if (left === 0) setTimeout(() => process.kill(process.pid, "SIGKILL"), killAfterMs);
      return original.apply(table, args);
    },
  });
}
