/** What `preprocessImage` shows is what the model gets. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";

const folder = new URL("../../../test/fidelity/golden/", import.meta.url);
const photo = fileURLToPath(new URL("chelsea.jpg", folder));
const golden = readFileSync(new URL("chelsea.u8", folder));

for (const [model, dtype, shape] of [
  ["efficientnet-lite0-uint8.onnx", "uint8", [224, 224, 3]],
  ["efficientnet-lite0.onnx", "float32", [3, 224, 224]],
] as const) {
  test(`${model}: the picture holds the original on the left and the model's pixels on the right`, async () => {
    const path = fileURLToPath(new URL(`../../../models/${model}`, import.meta.url));
    const config = new ServiceConfig({ embedder: { model: path, sessions: 1 } });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
    const seen = await pipeline.preprocessImage(photo);
    assert.deepEqual([seen.dtype, seen.shape, seen.original], [dtype, shape, { width: 451, height: 300 }]);
    assert.ok(seen.min < seen.means[0] && seen.means[0] < seen.max);
    if (dtype === "float32") assert.ok(seen.min >= -127 / 128 && seen.max <= 1, `${seen.min} to ${seen.max}`);

    const { data, info } = await sharp(await seen.picture())
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.height, info.width, info.channels], [224, Math.round((451 * 224) / 300) + 8 + 224, 3]);
    const right = Buffer.concat(
      Array.from({ length: 224 }, (_, row) => data.subarray(((row + 1) * info.width - 224) * 3, (row + 1) * info.width * 3)),
    );
    const mean = right.reduce((sum, value, index) => sum + Math.abs(value - golden[index]!), 0) / golden.length;
    assert.ok(mean <= 0.3, `expected what Pillow makes of it, found a mean difference of ${mean}`);
  });
}
