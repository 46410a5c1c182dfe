/** What is exported is served by a real Triton as it stands. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { skipUnless } from "../../../scripts/services/required.js";
import { installTriton, startTriton } from "../../../scripts/services/triton.js";
import { exportRepository } from "../../../src/adapters/triton/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { cosine, goldenImages, packGolden } from "../../conformance/embedder.js";
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
        const { executions } = await embedder.statistics(never);
        assert.ok(executions >= 1);
        const advice = (await embedder.diagnose()).filter(({ message }) => /batch|float/.test(message));
        assert.deepEqual(advice, []);
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

  test("an export never overwrites a model, and refuses numbers that cannot hold", () => {
    const folder = join(output, "twice");
    exportRepository({ output: folder, backend: "onnxruntime" });
    const refused = (error: unknown) => HeadraceError.is(error) && error.code === "input_invalid";
    assert.throws(() => exportRepository({ output: folder, backend: "onnxruntime" }), refused);
    assert.throws(() => exportRepository({ output: join(output, "a"), backend: "python", maxBatch: 8, preferredBatch: 9 }), refused);
    assert.throws(() => exportRepository({ output: join(output, "b"), backend: "python", instances: 0 }), refused);
  });
});
