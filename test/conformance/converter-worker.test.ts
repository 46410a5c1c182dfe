/** The converter worker gives what the converters give in the main thread, and does not keep the main thread busy. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ConverterWorker } from "../../src/app/converter-worker/converter-worker.js";
import { convertersIn } from "../../src/app/converter-worker/converters.js";
import { makeConverters } from "../../src/app/decode-workers/converters.js";
import { type ConvertedImage, HeadraceError, type ImageConverter } from "../../src/contracts/index.js";
import { fingerprint, formatOf } from "../../src/kit/index.js";

const never = new AbortController().signal;
const folder = join("test", "fidelity", "formats", "images");
const images = readdirSync(folder).map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
const here = makeConverters();
const worker = new ConverterWorker();
const there = convertersIn(async () => worker, here);

before(() => worker.open(never));
after(() => worker.close());

async function converterOf(converters: typeof here, bytes: Uint8Array): Promise<ImageConverter> {
  const make = converters.get(formatOf(bytes)?.name ?? "none");
  return make === undefined ? assert.fail("expected a format with a converter") : make();
}

/** The result or the code of the error. */
async function resultOf(converters: typeof here, bytes: Uint8Array): Promise<unknown> {
  const converter = await converterOf(converters, bytes);
  try {
    const { width, height } = await converter.measure(bytes);
    const { png, ...facts }: ConvertedImage = await converter.convert(bytes, "keep");
    return { size: [width, height], ...facts, png: fingerprint(png) };
  } catch (error) {
    return HeadraceError.is(error) ? [error.code, error.message] : error;
  }
}

test("it gives the same sizes, pixels and errors, and leaves the bytes to their owner", async () => {
  for (const { name, bytes } of images) {
    assert.deepEqual(await resultOf(there, bytes), await resultOf(here, bytes), name);
    const half = bytes.slice(0, bytes.length / 2);
    assert.deepEqual(await resultOf(there, half), await resultOf(here, half), `half of ${name}`);
    assert.deepEqual([bytes.byteLength, half.byteLength], [readFileSync(join(folder, name)).byteLength, Math.floor(bytes.length / 2)]);
  }
});

test("the event loop turns while an image is converted", async () => {
  const side = 3000;
  const { bytes } = images.find(({ name }) => name === "24-bit.bmp") ?? assert.fail();
  const large = Buffer.concat([bytes, Buffer.alloc(side * side * 3)]);
  large.writeInt32LE(side, 18);
  large.writeInt32LE(side, 22);
  let turns = 0;
  let isDone = false;
  const converted = (await converterOf(there, large)).convert(large, "refuse").finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise(setImmediate);
    turns += 1;
  }
  const { width, height } = await converted;
  assert.deepEqual([width, height], [side, side]);
  assert.ok(turns > 3, `${turns} turns`);
});

test("if no thread can be started, the main thread converts", async () => {
  const { bytes } = images.find(({ name }) => name === "plain.heic") ?? assert.fail();
  const alone = convertersIn(() => Promise.reject(new Error("no threads left")), here);
  assert.deepEqual(await resultOf(alone, bytes), await resultOf(here, bytes));
});

test("an image that kills the worker fails by itself, as often as it comes, and the next image is converted", async () => {
  const dying = new ConverterWorker({ worker: new URL("../fakes/dying-converter-worker.js", import.meta.url) });
  await dying.open(never);
  try {
    for (let round = 0; round < 5; round += 1) {
      await assert.rejects(dying.measure("HEIC", Uint8Array.of(0xdd)), { code: "image_crashed_decoder" });
    }
    assert.deepEqual(await dying.measure("HEIC", Uint8Array.of(1)), { width: 3, height: 2 });
  } finally {
    await dying.close();
  }
});
