/** Both schedules on parts whose speed is known, for long runs and for ten images: what overlapping gains, and that it never costs. */
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import { Semaphore, SerialQueue } from "../src/kit/index.js";
import { pacedImages } from "../test/fakes/paced-parts.js";
import { alternate, atLeast, type BenchSection, type Figure, median, plain, spread } from "./harness.js";

const rounds = 5;
const batch = 32;
const lengths = [640, 10];
/** Images that are decoded at the same time. */
const decoders = 4;
const calm = new AbortController().signal;

/** What each stage alone takes for a batch of 32 images, in milliseconds. */
interface Pace {
  readonly source: number;
  readonly decode: number;
  readonly embed: number;
  readonly store: number;
}

const quick: Pace = { source: 0, decode: 16, embed: 16, store: 8 };
const scenarios: Readonly<Record<string, Pace>> = {
  "each stage alone takes the same time": { source: 0, decode: 80, embed: 80, store: 80 },
  "decode is the limit": { ...quick, decode: 80 },
  "the model is the limit": { ...quick, embed: 80 },
  "the store is the limit": { ...quick, store: 80 },
  "the source is the limit": { ...quick, source: 80 },
};
const [balanced] = Object.keys(scenarios);

export async function schedules(): Promise<BenchSection> {
  const figures: Figure[] = [];
  for (const [what, pace] of Object.entries(scenarios)) {
    for (const images of lengths) {
      const speed = await alternate(
        { sync: () => imagesPerSecond("insertImages", pace, images), async: () => imagesPerSecond("insertImagesAsync", pace, images) },
        rounds,
      );
      const least = what === balanced && images > batch ? 2 : 0.97;
      figures.push(
        atLeast(`${what}, ${images} images: async ÷ sync`, median(speed.async) / median(speed.sync), least, 2),
        plain(`${what}, ${images} images: images/s, async; sync`, `${spread(speed.async, 0)}; ${spread(speed.sync, 0)}`),
      );
    }
  }
  return {
    name: "schedules",
    title: "Overlapped against sequential with paced parts",
    command: "npm run bench -- schedules",
    figures,
  };
}

async function imagesPerSecond(call: "insertImages" | "insertImagesAsync", pace: Pace, images: number): Promise<number> {
  const config = new ServiceConfig({ asyncPipeline: { insertBatchSize: batch }, preprocess: { batchSize: batch } });
  await using pipeline = await ImageEmbeddingPipeline.open(config, { own: parts(pace) });
  const inputs = pacedImages(images, { sourceMs: pace.source / batch, decodeMs: 0, batchMs: 0, imageMs: 0, writeMs: 0 });
  const { stats } = await pipeline[call]({ inputs, collectionName: "paced" });
  if (stats.stored !== images) throw new Error(`${stats.stored} of ${images} images were stored`);
  return (stats.stored / stats.elapsedMs) * 1000;
}

/** Each part has a device of its own, which all callers share. */
function parts(pace: Pace) {
  const decoder = memoryDecoder();
  const [cores, gpu, disk] = [new Semaphore(decoders), new SerialQueue(), new SerialQueue()];
  const share = (stage: "decode" | "embed" | "store", rows: number) => pause((pace[stage] * rows) / batch);
  return {
    decoder: {
      name: "paced",
      measure: decoder.measure.bind(decoder),
      decode: ((image, target, signal) =>
        cores.run(1, calm, "decoding", async () => {
          await share("decode", decoders);
          return decoder.decode(image, target, signal);
        })) satisfies typeof decoder.decode,
    },
    embedder: memoryEmbedder({
      feed: { preferredBatch: batch, maxBatch: batch, parallel: 2 },
      work: (rows: number) => gpu.run(() => share("embed", rows)),
    }),
    store: memoryStore({
      maxWriters: 16,
      beforeCall: async (call) => void (call === "upsert" && (await disk.run(() => share("store", batch)))),
    }),
  };
}
