/** A model's description becomes a plan, or one error that shows both sides and the lines that fix it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { inferRequest, type ModelExpectation, planModel } from "./model.js";
import { configShape, joinDescription } from "./transport/response-schemas.js";
import type { ModelDescription } from "./transport/transport.js";

const anything: ModelExpectation = {
  inputName: null,
  outputName: null,
  imageSize: null,
  dtype: null,
  layout: null,
  dimension: null,
  batchSize: null,
};
const usual: ModelDescription = {
  name: "m",
  versions: ["1"],
  platform: "python",
  inputs: [{ name: "images", datatype: "UINT8", shape: [-1, 224, 160, 3] }],
  outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, 512] }],
  configuration: "read",
  maxBatchSize: 64,
  formats: {},
  dynamicBatching: { preferred: [16, 8, 128], maxQueueDelayUs: 0 },
  instances: 1,
  parameters: {},
};
const plan = (model: Partial<ModelDescription>, expected: Partial<ModelExpectation> = {}) =>
  planModel({ ...usual, ...model }, { ...anything, ...expected }, "server, model m");
const input = (shape: readonly number[], datatype = "FP32") => [{ name: "x", datatype, shape }];

test("instances are counted on every GPU of their group", () => {
  const metadata = { name: "m", versions: [], platform: "", inputs: [], outputs: [] };
  const instances = (groups: readonly object[]) => joinDescription(metadata, configShape.parse({ instance_group: groups })).instances;
  assert.equal(instances([{ count: 2, gpus: [0, 1, 2, 3] }]), 8);
  assert.equal(
    instances([
      { count: 2, gpus: [] },
      { count: 1, gpus: [3] },
    ]),
    3,
  );
});

describe("the plan of a model", () => {
  test("reads layout, size, type and dimension; the preferred batch is the largest that fits", () => {
    const found = plan({});
    assert.deepEqual(found.input, { dtype: "uint8", layout: "NHWC", width: 160, height: 224 });
    assert.deepEqual([found.dimension, found.maxBatch, found.preferredBatch], [512, 64, 16]);
    assert.deepEqual(inferRequest(found, 5, new Uint8Array()).inputs[0].shape, [5, 224, 160, 3]);
  });

  test("a model gets batches of the size that the settings say, as far as it takes it; else of the size that it prefers; else of 32", () => {
    const free = { maxBatchSize: 128, dynamicBatching: { preferred: [], maxQueueDelayUs: 0 } };
    assert.equal(plan(free).preferredBatch, 32);
    assert.deepEqual(
      [8, 100, 128, 500].map((batchSize) => plan(free, { batchSize }).preferredBatch),
      [8, 100, 128, 128],
    );
    assert.deepEqual(
      [null, 8, 60, 500].map((batchSize) => plan({}, { batchSize }).preferredBatch),
      [16, 8, 60, 64],
    );
  });

  test("knows planes from pixels, and believes the format where the numbers leave both open", () => {
    assert.equal(plan({ inputs: input([-1, 3, 64, 48]) }).input.layout, "NCHW");
    assert.equal(plan({ inputs: input([-1, 3, 3, 3]), formats: { x: "FORMAT_NCHW" } }).input.layout, "NCHW");
    assert.equal(plan({ inputs: input([-1, 3, 3, 3]), formats: { x: "FORMAT_NHWC" } }).input.layout, "NHWC");
    assert.equal(plan({ inputs: input([-1, 3, 3, 3]) }, { layout: "NHWC" }).input.layout, "NHWC");
    refused(() => plan({ inputs: input([-1, 3, 3, 3]) }), "model_mismatch", /Set preprocess\.data_format to NHWC or NCHW/);
    refused(() => plan({ inputs: input([-1, 4, 64, 48]) }), "model_invalid", /one three-channel image/);
  });

  test("knows the preprocessing that the model names, and refuses a name that nobody knows", () => {
    assert.equal(plan({}).preset, null);
    assert.equal(plan({ parameters: { headrace_preset: "clip", other: "x" } }).preset, "clip");
    refused(() => plan({ parameters: { headrace_preset: "clop" } }), "model_invalid", /headrace_preset.*"clop"/);
  });

  test("takes the size from the settings when the model takes any", () => {
    const free = { inputs: input([-1, 3, -1, -1]) };
    assert.deepEqual(plan(free, { imageSize: [30, 40] }).input, { dtype: "float32", layout: "NCHW", height: 30, width: 40 });
    refused(() => plan(free), "model_mismatch", /preprocess\.image_size/);
  });

  test("without a batch dimension one image is sent as it is", () => {
    const found = plan({ maxBatchSize: 0, inputs: input([3, 64, 48]), outputs: [{ name: "e", datatype: "FP16", shape: [7] }] });
    assert.deepEqual([found.maxBatch, found.preferredBatch, found.dimension], [1, 1, 7]);
    assert.deepEqual(inferRequest(found, 1, new Uint8Array()).inputs[0].shape, [3, 64, 48]);
  });

  test("with a batch dimension of the model's own, the model says how many rows it takes", () => {
    const outputs = [{ name: "e", datatype: "FP32", shape: [-1, 7] }];
    assert.equal(plan({ maxBatchSize: 0, inputs: input([-1, 3, 64, 48]), outputs }).maxBatch, 32);
    assert.equal(plan({ maxBatchSize: 0, inputs: input([4, 3, 64, 48]), outputs }).maxBatch, 4);
  });

  test("finds the embedding by name among several outputs, and takes pooled shapes", () => {
    const logits = { name: "logits", datatype: "FP32", shape: [-1, 1000] };
    assert.equal(plan({ outputs: [logits, ...usual.outputs] }).outputName, "embedding");
    assert.equal(plan({ outputs: [{ name: "e", datatype: "FP32", shape: [-1, 512, 1, 1] }] }).dimension, 512);
    assert.equal(plan({ outputs: [{ name: "e", datatype: "FP32", shape: [-1, -1] }] }).dimension, null);
    refused(
      () => plan({ outputs: [logits, { ...logits, name: "other" }] }),
      "model_mismatch",
      /triton\.output_name to one of logits, other/,
    );
    refused(() => plan({ outputs: [{ name: "tokens", datatype: "FP32", shape: [-1, 49, 768] }] }), "model_invalid", /\[49, 768\]/);
  });

  test("refuses types that no image has, with the lines that fix it", () => {
    refused(() => plan({ inputs: input([-1, 3, 64, 48], "INT64") }), "model_invalid", /data_type: TYPE_UINT8/);
    refused(() => plan({ outputs: [{ name: "e", datatype: "INT8", shape: [-1, 4] }] }), "model_invalid", /data_type: TYPE_FP32/);
  });
});

function refused(run: () => unknown, code: string, says: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(HeadraceError.is(error), String(error));
    assert.equal(error.code, code);
    assert.match(`${error.message} ${error.hint}`, says);
    return true;
  });
}
