/** Parts that take a given time and no processor: a pipeline whose limit is known. */
import { setTimeout as pause } from "node:timers/promises";
import { memoryDecoder } from "../../src/adapters/memory/decoder.js";
import { memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import type { OwnParts } from "../../src/app/wiring/pipeline-parts.js";
import { SerialQueue } from "../../src/kit/index.js";

/** What each step takes, in milliseconds. */
export interface Pace {
  /** Between two images of the source. */
  readonly sourceMs: number;
  /** One image. A worker decodes two at a time. */
  readonly decodeMs: number;
  /** One device, one batch at a time. */
  readonly batchMs: number;
  readonly imageMs: number;
  /** One write. */
  readonly writeMs: number;
}

/** `inflight`: batches that the embedder takes at the same time. */
export function pacedParts(pace: Pace, inflight = 2): OwnParts {
  const decoder = memoryDecoder();
  const device = new SerialQueue();
  let computeMs = 0;
  let images = 0;
  const embedder = memoryEmbedder({
    feed: { preferredBatch: 16, maxBatch: 16, parallel: inflight },
    work: (rows) =>
      device.run(async () => {
        const began = performance.now();
        await pause(pace.batchMs + rows * pace.imageMs);
        computeMs += performance.now() - began;
        images += rows;
      }),
  });
  return {
    decoder: {
      name: "paced",
      measure: (image) => decoder.measure(image),
      decode: async (image, target, signal) => {
        await pause(pace.decodeMs);
        return decoder.decode(image, target, signal);
      },
    },
    embedder: Object.assign(embedder, {
      serverUse: async () => ({ atMs: performance.now(), images, computeMs, instances: 1, gpuShare: null }),
    }),
    store: memoryStore({ maxWriters: 16, beforeCall: async (call) => void (call === "upsert" && (await pause(pace.writeMs))) }),
  };
}

/** Different images, at the pace of their source. */
export async function* pacedImages(count: number, { sourceMs }: Pace): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at += 1) {
    if (sourceMs > 0) await pause(sourceMs);
    yield new Uint8Array([1, at & 0xff, at >> 8, 7]);
  }
}
