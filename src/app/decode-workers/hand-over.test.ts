/** When images go to the decode workers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageDecoder, ImageRef, Reader } from "../../contracts/index.js";
import type { DecodeWorkers } from "./decode-workers.js";
import { HandOver } from "./hand-over.js";

const never = new AbortController().signal;
const geometry = { kind: "squash", width: 1, height: 1, filter: "nearest" } as const;

/** A reader, a decoder and workers that note who has read or decoded. */
function parts() {
  const done: string[] = [];
  const note = (what: string) => done.push(what);
  const image = { bytes: Uint8Array.of(1), version: null };
  const pixels = { width: 1, height: 1, data: new Uint8Array(3), original: { width: 1, height: 1 } };
  const both = (who: string) => ({
    read: async () => {
      note(`${who} reads`);
      return image;
    },
    decode: async () => {
      note(`${who} decodes`);
      return pixels;
    },
  });
  const main = { name: "main", schemes: ["file"], measure: async () => ({ width: 1, height: 1, peakBytes: 1 }), ...both("main") };
  return {
    done,
    main: main satisfies Reader & ImageDecoder,
    workers: { ...both("worker"), readAndDecode: async () => assert.fail("not called") } as unknown as DecodeWorkers,
  };
}

test("three images start no workers, the fourth does, and images go to the workers once they have started", async () => {
  const { done, main, workers } = parts();
  let ready: (workers: DecodeWorkers) => void = () => assert.fail("the workers have not been started");
  let starts = 0;
  const started = new Promise<DecodeWorkers>((resolve) => {
    ready = resolve;
  });
  const handOver = new HandOver(() => {
    starts += 1;
    return started;
  });
  const [reader, decoder] = [handOver.reader(main), handOver.decoder(main)];
  const one = async () => {
    const image = await reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never);
    await decoder.decode(image, geometry, never);
  };
  for (let image = 0; image < 3; image += 1) await one();
  assert.equal(starts, 0);
  assert.equal(reader.readAndDecode, null);
  for (let image = 0; image < 2; image += 1) await one();
  assert.equal(starts, 1);
  assert.deepEqual(new Set(done.splice(0)), new Set(["main reads", "main decodes"]));
  ready(workers);
  await started;
  await one();
  assert.deepEqual(done, ["worker reads", "worker decodes"]);
  assert.equal(starts, 1);
  assert.equal(reader.readAndDecode, workers.readAndDecode);
});

test("a run that expects many images starts the workers before its first image, once", async () => {
  const { done, main, workers } = parts();
  let starts = 0;
  const handOver = new HandOver(async () => {
    starts += 1;
    return workers;
  });
  handOver.begin();
  handOver.begin();
  await Promise.resolve();
  const reader = handOver.reader(main);
  for (let image = 0; image < 5; image += 1) await reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never);
  assert.equal(starts, 1);
  assert.deepEqual(new Set(done), new Set(["worker reads"]));
});

test("if the workers do not start, reading fails with the reason", async () => {
  const { main } = parts();
  const failure = new Error("no threads left");
  const reader = new HandOver(() => Promise.reject(failure)).reader(main);
  for (let image = 0; image < 4; image += 1) await reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never);
  await assert.rejects(async () => reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never), failure);
});
