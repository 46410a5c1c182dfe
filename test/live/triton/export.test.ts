/** What is exported is served by a real Triton as it stands. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { nativePreprocessor } from "../../../src/adapters/native/index.js";
import { exportRepository } from "../../../src/adapters/triton/index.js";
import { exportTritonModel } from "../../../src/app/index.js";
import { resolvePreprocessing } from "../../../src/chain/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { float16ToFloat32, float32ToFloat16, presetNames } from "../../../src/kit/index.js";
import { cosine, goldenImages, int8Embeddings, packGolden } from "../../conformance/embedder.js";
import { tinyOnnx } from "../../fakes/tiny-onnx.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton } from "../../support/services/triton.js";
import { never, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);

describe("an exported repository", () => {
  const output = mkdtempSync(join(tmpdir(), "headrace-export-"));
  after(() => rmSync(output, { recursive: true, force: true }));

  test("is served with the python backend, and gives the golden vectors", { skip }, async () => {
    const { modelName, files } = exportRepository({ output, backend: "python", maxBatch: 8 });
    assert.equal(files.length, 4);
    const server = await startTriton({ models: [], repository: output });
    try {
      await withEmbedder({ urls: [server.httpUrl], modelName, expect: { dimension: 1280, dtype: "uint8" } }, async (embedder) => {
        assert.deepEqual(embedder.feed, { preferredBatch: 8, maxBatch: 8, parallel: 2 });
        const images = goldenImages();
        const slab = embedder.lease(images.length);
        images.forEach(({ pixels }, row) => {
          packGolden(pixels, slab.bytes.subarray(row * slab.rowBytes, (row + 1) * slab.rowBytes), embedder.input);
        });
        const { values } = await embedder.embed(slab, never);
        images.forEach(({ file, embedding }, row) => {
          assert.ok(cosine(values.subarray(row * 1280, (row + 1) * 1280), embedding) >= 0.9999, file);
        });
        const advice = (await embedder.diagnose()).filter(({ message }) => /batch|float/.test(message));
        assert.deepEqual(advice, []);
      });
    } finally {
      await server.stop();
    }
  });

  test("of the int8 graph is served with its own golden vectors", { skip }, async () => {
    const folder = join(output, "int8");
    const { modelName } = await exportTritonModel({ output: folder, backend: "python", model: "builtin-int8", maxBatch: 8 });
    const server = await startTriton({ models: [], repository: folder });
    try {
      await withEmbedder({ urls: [server.httpUrl], modelName }, async (embedder) => {
        assert.equal(embedder.preset, "efficientnet-lite");
        const embeddings = int8Embeddings();
        for (const [row, { file, pixels }] of goldenImages().entries()) {
          const slab = embedder.lease(1);
          packGolden(pixels, slab.bytes, embedder.input);
          assert.ok(cosine((await embedder.embed(slab, never)).values, embeddings[row]!) >= 0.9999, file);
        }
      });
    } finally {
      await server.stop();
    }
  });

  test("for the onnxruntime backend it is the graph, its weights and the configuration", () => {
    const folder = join(output, "onnxruntime");
    const { files } = exportRepository({ output: folder, backend: "onnxruntime", instances: 2, maxBatch: 64, preferredBatch: 32 });
    assert.deepEqual(
      files.map((file) => file.slice(folder.length + 1)),
      ["efficientnet_lite0/config.pbtxt", "efficientnet_lite0/1/model.onnx", "efficientnet_lite0/1/efficientnet-lite0.onnx.data"],
    );
    const config = readFileSync(files[0]!, "utf8");
    for (const line of [
      'backend: "onnxruntime"',
      "max_batch_size: 64",
      "instance_group [ { count: 2 } ]",
      "preferred_batch_size: [ 32 ]",
      "data_type: TYPE_UINT8",
      "dims: [ 224, 224, 3 ]",
      "dims: [ 1280 ]",
      'parameters { key: "headrace_preset" value { string_value: "efficientnet-lite" } }',
    ]) {
      assert.ok(config.includes(line), `expected ${line} in:\n${config}`);
    }
  });

  test("of a model whose output is float16 says so, and is served as such", { skip }, async () => {
    const folder = join(output, "float16");
    const model = join(output, "half.onnx");
    writeFileSync(model, tinyOnnx({ type: "float16", input: ["N", 3, 8, 6], outputs: { embedding: ["N", 3] }, outputType: "float16" }));
    const { modelName, files } = await exportTritonModel({ output: folder, backend: "python", model, maxBatch: 4, preset: "siglip" });
    assert.match(readFileSync(files[0]!, "utf8"), /name: "embedding"\s+data_type: TYPE_FP16/);
    const server = await startTriton({ models: [], repository: folder });
    try {
      await withEmbedder({ urls: [server.httpUrl], modelName, expect: { dimension: 3 } }, async (embedder) => {
        assert.deepEqual([embedder.input.dtype, embedder.preset], ["float16", "siglip"]);
        const channels = Float32Array.from({ length: 3 * 48 }, (_, index) => [-0.75, 0.1, 2 / 3][Math.floor(index / 48)]!);
        const slab = embedder.lease(1);
        slab.bytes.set(new Uint8Array(float32ToFloat16(channels).buffer));
        const { values } = await embedder.embed(slab, never);
        assert.deepEqual(values, float16ToFloat32(float32ToFloat16(Float32Array.of(-0.75, 0.1, 2 / 3))));
      });
    } finally {
      await server.stop();
    }
  });

  test("of a model whose output is float64 needs the python backend, which rounds", async () => {
    const model = join(output, "double.onnx");
    writeFileSync(model, tinyOnnx({ type: "float32", input: ["N", 3, 8, 6], outputs: { embedding: ["N", 3] }, outputType: "float64" }));
    const folder = join(output, "float64");
    await assert.rejects(
      exportTritonModel({ output: folder, model }),
      (error) => HeadraceError.is(error) && error.code === "model_invalid" && /float32 or float16, found float64/.test(error.message),
    );
    const { files } = await exportTritonModel({ output: folder, model, backend: "python" });
    assert.match(readFileSync(files[0]!, "utf8"), /name: "embedding"\s+data_type: TYPE_FP32/);
  });

  test("aims at batches of 16 and 32 where the model takes as many, else at the most that it takes", () => {
    const configOf = (name: string, maxBatch: number) =>
      readFileSync(exportRepository({ output: join(output, name), backend: "onnxruntime", maxBatch }).files[0]!, "utf8");
    assert.match(configOf("many", 64), /preferred_batch_size: \[ 16, 32 \]/);
    assert.match(configOf("few", 31), /preferred_batch_size: \[ 31 \]/);
  });

  test("as an ensemble needs a model of floats and its preset", async () => {
    const refused = (words: RegExp) => (error: unknown) =>
      HeadraceError.is(error) && error.code === "input_invalid" && words.test(error.message);
    const folder = join(output, "ensemble");
    await assert.rejects(
      exportTritonModel({ output: folder, serve: "ensemble" }),
      refused(/a model of floats .* found one that takes uint8/),
    );
    const model = join(output, "floats.onnx");
    writeFileSync(model, tinyOnnx({ type: "float32", input: ["N", 3, 8, 6], outputs: { embedding: ["N", 3] } }));
    await assert.rejects(exportTritonModel({ output: folder, model, serve: "ensemble" }), refused(/the preset .* found none/));
    await assert.rejects(exportTritonModel({ output: folder, preset: "clip" }), refused(/a model beside the preset clip/));
    const { modelName, files } = await exportTritonModel({ output: folder, model, preset: "clip", serve: "ensemble" });
    assert.equal(modelName, "floats_ensemble");
    assert.deepEqual(
      files.map((file) => file.slice(folder.length + 1)),
      [
        "floats/config.pbtxt",
        "floats/1/model.onnx",
        "floats_preprocess/config.pbtxt",
        "floats_preprocess/1/model.py",
        "floats_ensemble/config.pbtxt",
      ],
    );
    rmSync(join(folder, "floats"), { recursive: true });
    await assert.rejects(
      exportTritonModel({ output: folder, model, preset: "clip", serve: "ensemble" }),
      refused(/floats_preprocess: expected no such folder/),
    );
  });

  test("as an ensemble gives what typed arrays and the model give, to the last bit, for every preset", { skip }, async () => {
    const folder = join(output, "presets");
    const cases = presetNames.flatMap((preset) =>
      (["float32", "float16"] as const).map((type) => ({ preset, type, name: `${preset}-${type}` })),
    );
    for (const { preset, type, name } of cases) {
      const model = join(output, `${name}.onnx`);
      writeFileSync(model, tinyOnnx({ type, input: ["N", 3, 8, 6], outputs: { embedding: ["N", 3] } }));
      await exportTritonModel({ output: folder, model, backend: "python", maxBatch: 4, preset, serve: "ensemble" });
    }
    const pixels = [1, 7].map((step) => Uint8Array.from({ length: 8 * 6 * 3 }, (_, index) => (index * step * 37) % 256));
    const server = await startTriton({ models: [], repository: folder });
    try {
      for (const { preset, type, name } of cases) {
        const urls = [server.httpUrl];
        const whole = await withEmbedder({ urls, modelName: `${name}_ensemble`, transport: "http" }, async (embedder) => {
          assert.deepEqual(embedder.input, { dtype: "uint8", layout: "NHWC", width: 6, height: 8 });
          const slab = embedder.lease(pixels.length);
          for (const [row, each] of pixels.entries()) slab.bytes.set(each, row * slab.rowBytes);
          return embedder.embed(slab, never);
        });
        const apart = await withEmbedder({ urls, modelName: name, transport: "http" }, async (embedder) => {
          assert.equal(embedder.input.dtype, type);
          const slab = embedder.lease(pixels.length);
          const preprocessor = nativePreprocessor(resolvePreprocessing({ preset, embedderInput: embedder.input }));
          const size = { width: 6, height: 8 };
          await preprocessor.run(
            pixels.map((data) => ({ ...size, data, original: size })),
            slab,
            never,
          );
          return embedder.embed(slab, never);
        });
        assert.deepEqual(whole.values, apart.values, name);
      }
    } finally {
      await server.stop();
    }
  });

  test("an export never overwrites a model, and refuses numbers that cannot hold", () => {
    const folder = join(output, "twice");
    exportRepository({ output: folder, backend: "onnxruntime" });
    const refused = (error: unknown) => HeadraceError.is(error) && error.code === "input_invalid";
    assert.throws(() => exportRepository({ output: folder, backend: "onnxruntime" }), refused);
    assert.throws(() => exportRepository({ output: join(output, "a"), backend: "python", maxBatch: 8, preferredBatch: 9 }), refused);
    assert.throws(() => exportRepository({ output: join(output, "b"), backend: "python", instances: 0 }), refused);
  });
});
