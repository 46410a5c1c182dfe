/** Decode workers keep the decoder's contract, and give the same bytes, pixels and errors as the main thread. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileReader, fileRef } from "../../src/adapters/fs/index.js";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import { makeConverters } from "../../src/app/decode-workers/converters.js";
import { DecodeWorkers } from "../../src/app/decode-workers/decode-workers.js";
import { ServiceConfig } from "../../src/app/index.js";
import { type Encoded, type Geometry, HeadraceError, type ImageDecoder, type Pixels } from "../../src/contracts/index.js";
import { fingerprint } from "../../src/kit/index.js";
import { imageDecoderConformance } from "./image-decoder.js";

/** The mark of `dying-decode-worker.ts`. */
const deadlyMark = 0xdd;
const never = new AbortController().signal;
const limits = { maxBytes: 1_000_000_000 };
const crop: Geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" };
const letterbox: Geometry = { kind: "letterbox", width: 224, height: 224, fill: [0, 0, 0], filter: "bilinear" };

interface Wishes {
  readonly maxPixels?: number;
  readonly decodeBudgetMb?: number;
  readonly size?: number;
  readonly worker?: URL;
}

function workersWith({ size = 2, worker, ...preprocess }: Wishes = {}): DecodeWorkers {
  const settings = new ServiceConfig({ preprocess }).settings();
  return new DecodeWorkers({ settings, size, imagesPerWorker: 2, ...(worker === undefined ? {} : { worker }) });
}

imageDecoderConformance("decode workers", (options): ImageDecoder => {
  const workers = workersWith(options);
  const decoder = sharpDecoder(options, makeConverters());
  return {
    name: workers.name,
    open: (signal) => workers.open(signal),
    measure: (image) => decoder.measure(image),
    decode: (image, target, signal) => workers.decode(image, target, signal),
    close: () => workers.close(),
  };
});

describe("decode workers and the main thread", () => {
  const folders = ["golden", "reference/images"].map((name) => fileURLToPath(new URL(`../../../test/fidelity/${name}/`, import.meta.url)));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const images = files.filter((path) => /\.(jpg|png|webp|gif|tiff)$/.test(path));
  const [reader, decoder] = [fileReader(), sharpDecoder()];
  const workers = workersWith();
  before(() => workers.open(never));
  after(() => workers.close());

  test("give the same bytes, versions, fingerprints and pixels of every reference image", async () => {
    assert.ok(images.length >= 52, `found ${images.length}`);
    for (const path of images) {
      const ref = await fileRef(path);
      const expected = await reader.read(ref, limits, never);
      for (const geometry of [crop, letterbox] as readonly Geometry[]) {
        const found = await workers.read(ref, limits, never);
        assert.deepEqual([found.version, found.content], [expected.version, fingerprint(expected.bytes)], path);
        assert.ok(Buffer.from(found.bytes).equals(expected.bytes), path);
        const pixels: Pixels = await workers.decode(found, geometry, never);
        const { data, original }: Pixels = await decoder.decode(expected, geometry, never);
        assert.deepEqual(pixels.original, original, path);
        assert.ok(Buffer.from(pixels.data).equals(data), `${path}, ${geometry.kind}`);
        assert.equal(pixels.data.buffer.byteLength, pixels.data.byteLength);
        const inOneStep = await workers.readAndDecode(ref, { ...limits, target: geometry }, never);
        assert.deepEqual([inOneStep.version, inOneStep.content], [expected.version, fingerprint(expected.bytes)], path);
        assert.deepEqual(inOneStep.pixels.original, original, path);
        assert.ok(Buffer.from(inOneStep.pixels.data).equals(data), `${path}, ${geometry.kind}, in one step`);
      }
    }
  });

  test("give the same errors", async () => {
    const damaged: Encoded = { bytes: readFileSync(images[0]!).subarray(0, 500), version: null };
    for (const [attempt, expected] of [
      [() => workers.decode(damaged, crop, never), () => decoder.decode(damaged, crop, never)],
      ...["/nowhere/a.jpg", "/", "/dev/null"].map((path) => [
        async () => workers.read(await fileRef(path), limits, never),
        async () => reader.read(await fileRef(path), limits, never),
      ]),
      ...["/nowhere/a.jpg", "/", "/dev/null"].map((path) => [
        async () => workers.readAndDecode(await fileRef(path), { ...limits, target: crop }, never),
        async () => reader.read(await fileRef(path), limits, never),
      ]),
    ] as const) {
      assert.deepEqual(await errorOf(attempt!), await errorOf(expected!));
    }
  });

  test("use the memory of released pixels again, and only of those", async () => {
    const decode = async (index: number) => workers.decode({ bytes: readFileSync(images[index]!), version: null }, crop, never);
    const [kept, released] = [await decode(0), await decode(1)];
    const before = fingerprint(kept.data);
    released.release?.();
    const later = await decode(2);
    assert.equal(released.data.byteLength, 0, "the worker has the memory now");
    assert.notEqual(later.data.byteLength, 0);
    assert.equal(fingerprint(kept.data), before);
  });

  test("leave the bytes alone that the caller has passed", async () => {
    const image: Encoded = { bytes: readFileSync(images[0]!), version: null };
    const before = fingerprint(image.bytes);
    await workers.decode(image, crop, never);
    assert.equal(fingerprint(image.bytes), before);
  });
});

test("an image that needs more memory than its share waits for it, and is decoded", async () => {
  const workers = workersWith({ decodeBudgetMb: 1 });
  await workers.open(never);
  try {
    const path = fileURLToPath(new URL("../../../test/fidelity/golden/rocket.jpg", import.meta.url));
    const ref = await fileRef(path);
    const images = await Promise.all(Array.from({ length: 6 }, () => workers.read(ref, limits, never)));
    const pixels = await Promise.all(images.map((image) => workers.decode(image, crop, never)));
    const expected = await sharpDecoder().decode({ bytes: readFileSync(path), version: null }, crop, never);
    for (const { data } of pixels) assert.ok(Buffer.from(data).equals(expected.data));
    const inOneStep = await workers.readAndDecode(ref, { ...limits, target: crop }, never);
    assert.ok(Buffer.from(inOneStep.pixels.data).equals(expected.data));
    assert.equal(inOneStep.content, fingerprint(readFileSync(path)));
  } finally {
    await workers.close();
  }
});

test("a worker that dies costs the images that it has, and is replaced", async () => {
  const workers = workersWith({ size: 1, worker: new URL("../fakes/dying-decode-worker.js", import.meta.url) });
  await workers.open(never);
  try {
    for (let round = 0; round < 12; round += 1) {
      const deadly = workers.decode({ bytes: Uint8Array.of(deadlyMark), version: null }, crop, never);
      const { code, scope, retryable } = await errorOf(() => deadly);
      assert.deepEqual({ code, scope, retryable }, { code: "image_crashed_decoder", scope: "item", retryable: false });
      assert.equal((await workers.decode({ bytes: Uint8Array.of(1), version: null }, crop, never)).data.byteLength, 12);
    }
  } finally {
    await workers.close();
  }
});

async function errorOf(attempt: () => Promise<unknown>): Promise<ReturnType<HeadraceError["toJSON"]>> {
  try {
    await attempt();
  } catch (error) {
    assert.ok(HeadraceError.is(error), String(error));
    return error.toJSON();
  }
  return assert.fail("expected an error");
}
