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
    workers: { ...both("worker"), shortage: null, readAndDecode: async () => assert.fail("not called") } as unknown as DecodeWorkers,
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

test("if the workers do not start, the main thread goes on with all images, and says so once", async () => {
  const { done, main } = parts();
  let starts = 0;
  const handOver = new HandOver(() => {
    starts += 1;
    return Promise.reject(new Error("no threads left"));
  });
  const [reader, decoder] = [handOver.reader(main), handOver.decoder(main)];
  for (let image = 0; image < 10; image += 1) {
    await decoder.decode(await reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never), geometry, never);
  }
  assert.equal(done.length, 20);
  assert.equal(starts, 1);
  const [notice = "", ...more] = decoder.notices?.() ?? [];
  assert.match(notice, /main thread decodes all images.*no threads left/);
  assert.deepEqual([...more, ...(decoder.notices?.() ?? [])], []);
});

test("a later run that expects many images tries again to start the workers", async () => {
  const { done, main, workers } = parts();
  const starts = [() => Promise.reject(new Error("no threads left")), async () => workers];
  const handOver = new HandOver(() => starts.shift()?.() ?? assert.fail("started a third time"));
  const reader = handOver.reader(main);
  for (const who of ["main", "worker"]) {
    handOver.begin();
    await new Promise(setImmediate);
    for (let image = 0; image < 5; image += 1) await reader.read({ scheme: "file" } as ImageRef, { maxBytes: 1 }, never);
    assert.deepEqual(new Set(done.splice(0)), new Set([`${who} reads`]));
  }
});

test("if some workers do not start, the user is told, and the others do the work", async () => {
  const { done, main, workers } = parts();
  const handOver = new HandOver(async () => Object.assign(workers, { shortage: "2 of 8 decode workers have started" }));
  handOver.begin();
  await new Promise(setImmediate);
  const decoder = handOver.decoder(main);
  await decoder.decode({ bytes: Uint8Array.of(1), version: null }, geometry, never);
  assert.deepEqual(done, ["worker decodes"]);
  assert.deepEqual(decoder.notices?.(), ["2 of 8 decode workers have started"]);
});
