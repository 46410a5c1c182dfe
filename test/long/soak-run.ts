/** Ingests generated images with fakes into a real LanceDB, one in a hundred damaged: `node soak-run.js FOLDER IMAGES`. */
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";

/** The report of the run, and the memory of its process. */
export interface SoakReport {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly deadLetters: number;
  readonly rows: number;
  readonly peakRssBytes: number;
  /** Resident memory after each tenth of the images. */
  readonly rssBytes: readonly number[];
}

const [folder = "", count = "0"] = process.argv.slice(2);
const images = Number(count);
const rssBytes: number[] = [];
const config = new ServiceConfig({ lancedb: { path: folder } });
await using pipeline = await ImageEmbeddingPipeline.open(config, { own: { embedder: memoryEmbedder(), decoder: memoryDecoder() } });
const { stats } = await pipeline.insertImagesAsync({ inputs: generated(), collectionName: "many", collectIds: "omit" });
const { read, stored, skipped, failed, deadLetters } = stats;
const rows = await pipeline.count("many");
const peakRssBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ read, stored, skipped, failed, deadLetters, rows, peakRssBytes, rssBytes } satisfies SoakReport));

async function* generated(): AsyncGenerator<{ readonly input: Uint8Array; readonly id: string }> {
  for (let index = 0; index < images; index++) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, index);
    // The fake decoder takes this mark for damage.
    if (index % 100 === 7) input[0] = 0xff;
    yield { input, id: `item-${index}` };
    if ((index + 1) % (images / 10) === 0) rssBytes.push(process.memoryUsage.rss());
  }
}
