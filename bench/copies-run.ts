/**
 * Stores some pictures, then very many copies of them under other ids, twice, and prints the time per copy:
 * `node copies-run.js COPIES PICTURES`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { type DescribedInput, ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";

/** What the script prints last. */
export interface CopiesRun {
  /** Microseconds per copy, while the collection has only the pictures themselves. */
  readonly secondRunUs: number;
  /** Microseconds per copy, while the collection has the copies of the second run too. */
  readonly thirdRunUs: number;
}

const [copies = 20_000, pictures = 1] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), "headrace-copies-"));
const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
  own: { decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension: 512 }) },
});
try {
  await insert("picture", pictures);
  const secondRunUs = await insert("copy", copies);
  const thirdRunUs = await insert("later copy", copies);
  const document: CopiesRun = { secondRunUs, thirdRunUs };
  process.stdout.write(`${JSON.stringify(document)}\n`);
} finally {
  await pipeline.close();
  await rm(folder, { recursive: true, force: true });
}

/** Returns microseconds per image. */
async function insert(name: string, count: number): Promise<number> {
  const started = performance.now();
  const { stats } = await pipeline.insertImagesAsync({ inputs: inputs(name, count), collectIds: "omit" });
  const elapsedMs = performance.now() - started;
  const reused = name === "picture" ? 0 : count;
  if (stats.stored !== count || stats.reused !== reused || stats.upkeepError !== undefined) {
    throw new Error(`${name}: ${stats.stored} stored, ${stats.reused} of them without inference, ${stats.failed} failed`);
  }
  return (elapsedMs * 1000) / count;
}

function* inputs(name: string, count: number): Generator<DescribedInput> {
  for (let index = 0; index < count; index += 1) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, index % pictures);
    yield { input, id: `${name} ${index}` };
  }
}
