/** CPU time of decoding a folder alone and of inference alone, with the batch and threads of a run. Prints JSON. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { onnxEmbedder } from "../src/adapters/onnx/index.js";
import { sharpDecoder } from "../src/adapters/sharp/index.js";
import { embedTensors } from "../src/chain/index.js";

const [folder = ""] = process.argv.slice(2);
const signal = new AbortController().signal;
const files = (await readdir(folder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).sort();
const geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" } as const;
const tensors: Uint8Array[] = [];

const decoder = sharpDecoder();
await decoder.open?.(signal);
const decodeCpuMs = await cpuOf(() =>
  inLanes(2, files, async (file) => {
    const { data } = await decoder.decode({ bytes: await readFile(join(folder, file)), version: null }, geometry, signal);
    if (tensors.length < 64) tensors.push(data);
  }),
);

const embedder = onnxEmbedder();
await embedder.open(signal);
const { preferredBatch, parallel } = embedder.feed;
const batches = Array.from({ length: Math.ceil(files.length / preferredBatch) }, (_, index) => index);
const batch = (index: number): Uint8Array[] =>
  Array.from({ length: preferredBatch }, (_, row) => tensors[(index * preferredBatch + row) % tensors.length] ?? new Uint8Array());
const inferenceCpuMs = await cpuOf(() =>
  inLanes(parallel, batches, async (index) => void (await embedTensors(embedder, batch(index), signal))),
);
await embedder.close?.();

process.stdout.write(`${JSON.stringify({ decodeCpuMs, inferenceCpuMs })}\n`);

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function inLanes<T>(lanes: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
