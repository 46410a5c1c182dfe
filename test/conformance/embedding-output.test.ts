/** A file served by Triton gives the output that ONNX Runtime in this process would give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planModel as planOnnx } from "../../src/adapters/onnx/model.js";
import { planModel as planTriton } from "../../src/adapters/triton/model.js";
import type { ModelDescription } from "../../src/adapters/triton/transport/transport.js";
import { HeadraceError } from "../../src/contracts/index.js";

interface Declared {
  readonly name: string;
  readonly type: keyof typeof tritonTypes;
  /** After the batch dimension; null: open. */
  readonly row: readonly (number | null)[];
}

const tritonTypes = { float16: "FP16", float32: "FP32", int64: "INT64" };

const names = ["embedding", "image_embeds", "pooler_output", "features", "last_hidden_state", "logits", "scores"];
const output = fc.record<Declared>({
  name: fc.constantFrom(...names),
  type: fc.constantFrom("float16", "float32", "int64"),
  row: fc.array(fc.constantFrom(1, 49, 512, null), { minLength: 1, maxLength: 3 }),
});
const outputs = fc.uniqueArray(output, { selector: ({ name }) => name, minLength: 1, maxLength: 5 });

test("both embedders take the same output of a model, or both refuse it", () => {
  fc.assert(
    fc.property(outputs, fc.option(fc.constantFrom(...names)), (declared, wanted) => {
      const [onTriton, here] = [byTriton([...declared].reverse(), wanted), byOnnx(declared, wanted)];
      // Triton would send the vectors of all patches of an image, so it takes no such model.
      if (here !== "refused" && here.pooling !== null) assert.equal(onTriton, "refused");
      else assert.deepEqual(onTriton, here);
    }),
    { numRuns: 1000 },
  );
});

function byOnnx(declared: readonly Declared[], outputName: string | null): Chosen | "refused" {
  return chosen(() => {
    const inputs = [{ name: "images", type: "float32", shape: ["N", 3, 224, 224] }];
    const shapes = declared.map(({ name, type, row }) => ({ name, type, shape: ["N", ...row.map((size, at) => size ?? `D${at}`)] }));
    return planOnnx({ inputs, outputs: shapes }, { model: "m", outputName, imageSize: null, pooling: null });
  });
}

function byTriton(declared: readonly Declared[], outputName: string | null): Chosen | "refused" {
  const model: ModelDescription = {
    name: "m",
    versions: ["1"],
    platform: "onnxruntime_onnx",
    inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 224, 224] }],
    outputs: declared.map(({ name, type, row }) => ({ name, datatype: tritonTypes[type], shape: [-1, ...row.map((size) => size ?? -1)] })),
    configuration: "read",
    maxBatchSize: 64,
    formats: {},
    dynamicBatching: null,
    instances: 1,
    parameters: {},
  };
  const anything = { inputName: null, imageSize: null, dtype: null, layout: null, dimension: null, batchSize: null };
  return chosen(() => planTriton(model, { ...anything, outputName }, "server, model m"));
}

interface Chosen {
  readonly outputName: string;
  readonly dimension: number | null;
  /** Of the vectors of patches. Default: the output has one vector per image. */
  readonly pooling: string | null;
}

function chosen(plan: () => Omit<Chosen, "pooling"> & Partial<Chosen>): Chosen | "refused" {
  try {
    const { outputName, dimension, pooling = null } = plan();
    return { outputName, dimension, pooling };
  } catch (error) {
    assert.ok(HeadraceError.is(error), String(error));
    return "refused";
  }
}
