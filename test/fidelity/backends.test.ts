/** Typed arrays and JAX through the whole pipeline: the same vectors, one passport, and settings that contradict are refused. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ImageEmbeddingPipeline, ServiceConfig, type Settings } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import { cosine } from "../conformance/embedder.js";

const floatModel = fileURLToPath(new URL("../../../models/efficientnet-lite0.onnx", import.meta.url));
const photos = ["chelsea.jpg", "coffee.jpg", "camera.png"].map((name) =>
  fileURLToPath(new URL(`../../../test/fidelity/golden/${name}`, import.meta.url)),
);
const folder = mkdtempSync(join(tmpdir(), "headrace-backends-"));
after(() => rmSync(folder, { recursive: true }));

type Preprocess = Partial<Settings["preprocess"]>;

function open(preprocess: Preprocess, model = floatModel): Promise<ImageEmbeddingPipeline> {
  const config = new ServiceConfig({ embedder: { model, sessions: 1 }, lancedb: { path: join(folder, "data") } });
  Object.assign(config.preprocess, preprocess);
  return ImageEmbeddingPipeline.open(config);
}

async function embed(preprocess: Preprocess): Promise<readonly Float32Array[]> {
  await using pipeline = await open(preprocess);
  const { vectors } = await pipeline.embedImages(photos);
  return vectors.map((vector) => vector ?? assert.fail("an image was not embedded"));
}

async function healthOf(preprocess: Preprocess): Promise<string> {
  await using pipeline = await open(preprocess);
  return (await pipeline.health()).parts.find(({ name }) => name === "embedder")?.detail ?? "";
}

describe("the shipped model that takes float32 NCHW", () => {
  test("gives the same vectors with typed arrays as with JAX on either thread (cosine at least 0.9999)", async () => {
    const native = await embed({ backend: "native" });
    for (const jaxThread of ["main", "worker"] as const) {
      const jax = await embed({ backend: "jax", jaxThread });
      for (const [index, vector] of native.entries()) {
        const found = cosine(vector, jax[index]!);
        assert.ok(found >= 0.9999, `${photos[index]}, ${jaxThread}: expected a cosine of at least 0.9999, found ${found}`);
      }
    }
  });

  test("what typed arrays began, JAX searches and goes on with: one passport", async () => {
    {
      await using native = await open({ backend: "native" });
      await native.insertImages({ inputs: photos.slice(0, 2), collectionName: "both" });
    }
    await using jax = await open({ backend: "jax" });
    const { stats } = await jax.insertImages({ inputs: photos.slice(2), collectionName: "both" });
    assert.equal(stats.stored, 1);
    const [hit] = await jax.searchImages(photos[0]!, { collectionName: "both", topK: 1 });
    assert.ok(hit!.score > 0.999, `expected the stored photo as its own nearest, found a score of ${hit!.score}`);
  });

  test("auto measures both, and says which it took", async () => {
    assert.match(await healthOf({}), /(typed arrays|JAX): \d+\.\d\d ms per image at startup, (jax|native) took \d+\.\d\d ms/);
  });

  test("auto goes on with typed arrays where the GPU that JAX was to use is not there", async () => {
    assert.match(await healthOf({ useGpu: true }), /efficientnet-lite, typed arrays$/);
  });
});

describe("a preprocessor of the user's own", () => {
  const file = join(folder, "half.mjs");
  writeFileSync(
    file,
    `export const preprocessor = {
      name: "half", version: "3", imageSize: [224, 224], dtype: "float32",
      geometry: { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" },
      apply: (image, { numpy }) => numpy.transpose(image.sub(127).div(128), [2, 0, 1]),
    };\n`,
  );

  test("brings its geometry: one that does what the preset does gives the preset's vectors", async () => {
    const own = await embed({ custom: file });
    for (const [index, vector] of (await embed({ backend: "native" })).entries()) {
      const found = cosine(vector, own[index]!);
      assert.ok(found >= 0.9999, `expected a cosine of at least 0.9999, found ${found}`);
    }
    assert.match(await healthOf({ custom: file }), /half 3 \([0-9a-f]{12}\), JAX$/);
  });

  for (const [what, preprocess, words] of [
    ["backend native", { backend: "native" }, /preprocess\.backend: expected jax or auto for preprocess\.custom .*found native/],
    ["a preset", { preset: "clip" }, /preprocess\.preset: expected none together with preprocess\.custom .*found "clip"/],
    ["a mean", { mean: [0, 0, 0] }, /preprocess\.mean: expected none together with preprocess\.custom/],
  ] as const satisfies readonly (readonly [string, Preprocess, RegExp])[]) {
    test(`contradicts ${what}`, () => refused({ custom: file, ...preprocess }, "config_conflict", words));
  }
});

describe("a preset from a preprocessor_config.json", () => {
  const file = join(folder, "preprocessor_config.json");
  const statistics = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
  writeFileSync(file, JSON.stringify({ size: { shortest_edge: 256 }, crop_size: 224, resample: 2, ...statistics }));

  test("that says what a named preset says gives the same vectors", async () => {
    const own = await embed({ preset: file, backend: "native" });
    for (const [index, vector] of (await embed({ preset: "imagenet", backend: "native" })).entries()) {
      const found = cosine(vector, own[index]!);
      assert.ok(found >= 0.999999, `expected a cosine of at least 0.999999, found ${found}`);
    }
  });

  test("that is not there is refused", () =>
    refused(
      { preset: join(folder, "absent.json") },
      "config_invalid",
      /preprocess\.preset: .*absent\.json: expected a preprocessor_config/,
    ));
});

test("server is refused for a model that takes floats", () =>
  refused(
    { backend: "server" },
    "config_conflict",
    /expected a model that takes uint8 and normalises by itself, found one that takes float32/,
  ));

test("JAX is refused for a model that takes uint8", () =>
  refused({ backend: "jax" }, "config_conflict", /expected native for a model that takes uint8, found jax/, "builtin"));

test("a GPU that is not there is refused when JAX was asked for", () =>
  refused({ backend: "jax", useGpu: true }, "config_conflict", /preprocess\.use_gpu: expected webgpu/));

test("server leaves everything but the size to a model that takes uint8", async () => {
  await using pipeline = await open({ backend: "server" }, "builtin");
  const { vectors } = await pipeline.embedImages(photos.slice(0, 1));
  const found = cosine(vectors[0]!, (await embed({ backend: "native" }))[0]!);
  assert.ok(found >= 0.999, `expected a cosine of at least 0.999, found ${found}`);
});

async function refused(preprocess: Preprocess, code: string, words: RegExp, model?: string): Promise<void> {
  await assert.rejects(open(preprocess, model), (error) => {
    assert.ok(HeadraceError.is(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });
}
