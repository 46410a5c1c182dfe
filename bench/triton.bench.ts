/** How fast each way to a Triton server is: the way alone, and before a model that is as busy as one GPU. */

import { type TritonEmbedder, type TritonTransport, tritonEmbedder } from "../src/adapters/triton/index.js";
import { startTriton, type TritonServer } from "../test/support/services/triton.js";
import { alternate, type BenchSection, type Figure, plain, spread } from "./harness.js";

const ways = ["http", "grpc", "shm"] as const;
const batch = 32;
const rounds = 3;
const measureMs = 2_000;
const never = new AbortController().signal;

/** Batches of 32 × 224 × 224 × 3; the busy model sleeps 8 ms and 1 ms a row, so that 800 images/s are its limit. */
export async function tritonTransports(): Promise<BenchSection> {
  const image = { kind: "sleeping", dimension: 512 } as const;
  const server = await startTriton({
    models: (["uint8", "float32"] as const).flatMap((input) => [
      { ...image, name: `idle_${input}`, input, baseMs: 0, rowMs: 0 },
      { ...image, name: `busy_${input}`, input, baseMs: 8, rowMs: 1 },
    ]),
  });
  try {
    const figures: Figure[] = [];
    for (const model of ["idle_uint8", "idle_float32", "busy_uint8", "busy_float32"]) {
      for (const inflight of [1, 2]) figures.push(...(await measureWays(server, model, inflight)));
    }
    return { name: "triton", title: "Ways to a Triton server", command: "npm run bench -- triton", figures };
  } finally {
    await server.stop();
  }
}

async function measureWays(server: TritonServer, model: string, inflight: number): Promise<readonly Figure[]> {
  const embedders = await Promise.all(ways.map((way) => opened(server, way, model, inflight)));
  try {
    const variants = Object.fromEntries(ways.map((way, i) => [way, () => imagesPerSecond(embedders[i]!, inflight)]));
    const measured = await alternate(variants, rounds);
    return ways.map((way) => plain(`${model}, ${way}, ${inflight} in flight: images/s`, spread(measured[way]!, 0)));
  } finally {
    await Promise.all(embedders.map((embedder) => embedder.close()));
  }
}

async function opened(server: TritonServer, transport: TritonTransport, modelName: string, inflight: number): Promise<TritonEmbedder> {
  const url = transport === "grpc" ? server.grpcUrl : server.httpUrl;
  const embedder = tritonEmbedder({ urls: [url], transport, modelName, inflight });
  await embedder.open(never);
  return embedder;
}

async function imagesPerSecond(embedder: TritonEmbedder, inflight: number): Promise<number> {
  const startedMs = performance.now();
  let images = 0;
  const worker = async () => {
    while (performance.now() - startedMs < measureMs) {
      const slab = embedder.lease(batch);
      slab.bytes[0] = images & 0xff;
      await embedder.embed(slab, never);
      images += batch;
    }
  };
  await Promise.all(Array.from({ length: inflight }, worker));
  return (images / (performance.now() - startedMs)) * 1000;
}
