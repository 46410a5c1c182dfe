/** Which ONNX models are served, how, and what is said of the others. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type TinyModel, tinyOnnx } from "../../../test/fakes/tiny-onnx.js";
import { HeadraceError, type Vectors } from "../../contracts/index.js";
import { float32ToFloat16 } from "../../kit/index.js";
import { type OnnxEmbedder, onnxEmbedder } from "./embedder.js";
import type { OnnxSection } from "./options.js";

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "headrace-onnx-"));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(bytes: Uint8Array): string {
  files += 1;
  const file = join(folder, `model-${files}.onnx`);
  writeFileSync(file, bytes);
  return file;
}

async function using<T>(model: TinyModel, options: Partial<OnnxSection>, use: (embedder: OnnxEmbedder) => Promise<T> | T): Promise<T> {
  const embedder = onnxEmbedder({ model: write(tinyOnnx(model)), sessions: 1, ...options });
  try {
    await embedder.open(never);
    return await use(embedder);
  } finally {
    await embedder.close();
  }
}

/** Embeds rows whose three planes are the given numbers. */
function embedPlanes(embedder: OnnxEmbedder, rows: readonly (readonly [number, number, number])[]): Promise<Vectors> {
  const { width, height, dtype } = embedder.input;
  const slab = embedder.lease(rows.length);
  const floats = Float32Array.from(rows.flatMap((planes) => planes.flatMap((value) => Array(width * height).fill(value) as number[])));
  if (dtype === "uint8") slab.bytes.set(floats);
  else slab.bytes.set(new Uint8Array((dtype === "float16" ? float32ToFloat16(floats) : floats).buffer));
  return embedder.embed(slab, never);
}

describe("models that are served", () => {
  for (const type of ["float32", "float16", "uint8"] as const) {
    test(`${type} planes`, async () => {
      await using({ type, input: ["N", 3, 4, 6], outputs: { out: ["N", 3] } }, {}, async (embedder) => {
        assert.deepEqual(embedder.input, { dtype: type, layout: "NCHW", width: 6, height: 4 });
        const { values } = await embedPlanes(embedder, [
          [1, 2, 3],
          [4, 5, 6],
        ]);
        assert.deepEqual(Array.from(values), [1, 2, 3, 4, 5, 6]);
      });
    });
  }

  test("a batch that is fixed to 1 is fed one by one", async () => {
    await using({ type: "float32", input: [1, 3, 4, 4], outputs: { out: [1, 3] } }, {}, async (embedder) => {
      assert.deepEqual(embedder.feed, { preferredBatch: 1, maxBatch: 1, parallel: 1 });
      assert.deepEqual(Array.from((await embedPlanes(embedder, [[7, 8, 9]])).values), [7, 8, 9]);
      assert.throws(
        () => embedder.lease(2),
        (error) => HeadraceError.is(error) && error.code === "contract_broken",
      );
    });
  });

  test("a dimension that is not declared is found by an inference", async () => {
    await using({ type: "float32", input: ["N", 3, 4, 4], outputs: { out: ["N", "D"] } }, {}, (embedder) => {
      assert.equal(embedder.dimension, 3);
    });
  });

  test("a size that is left open is taken from the settings", async () => {
    const model: TinyModel = { type: "float32", input: ["batch", "num_channels", "height", "width"], outputs: { out: ["batch", 3] } };
    await using(model, { imageSize: [8, 12] }, async (embedder) => {
      assert.deepEqual(embedder.input, { dtype: "float32", layout: "NCHW", width: 12, height: 8 });
      assert.deepEqual(Array.from((await embedPlanes(embedder, [[1, 2, 3]])).values), [1, 2, 3]);
    });
  });

  test("of several outputs, the one called embedding; or the one that is named", async () => {
    const model: TinyModel = { type: "float32", input: ["N", 3, 4, 4], outputs: { logits: ["N", 3], image_embeds: ["N", 3] } };
    await using(model, {}, (embedder) => assert.equal(embedder.dimension, 3));
    await using(model, { outputName: "logits" }, (embedder) => assert.equal(embedder.dimension, 3));
  });

  describe("a model with several vectors per image", () => {
    const patches = { name: "last_hidden_state", shape: ["N", "patches", "numbers"] };
    const model: TinyModel = { type: "float32", input: ["N", 3, 4, 4], outputs: {}, patches };
    const rows: readonly (readonly [number, number, number])[] = [
      [1, 2, 6],
      [4, 5, 9],
    ];
    const vectors = async (given: TinyModel, options: Partial<OnnxSection>) =>
      using(given, options, async (embedder) => Array.from((await embedPlanes(embedder, rows)).values));

    test("gives the first of them, as for the class token of DINOv2", async () => {
      assert.deepEqual(await vectors(model, {}), [1, 1, 1, 1, 4, 4, 4, 4]);
      await using(model, {}, (embedder) => assert.equal(embedder.dimension, 4, "found by an inference"));
    });

    test("gives the mean of all of them, if the settings say so", async () => {
      assert.deepEqual(await vectors(model, { pooling: "mean" }), [3, 3, 3, 3, 6, 6, 6, 6]);
    });

    test("gives the output with one vector, unless the settings ask for pooling", async () => {
      const both: TinyModel = { ...model, outputs: { pooler_output: ["N", 3] } };
      assert.deepEqual(await vectors(both, {}), [1, 2, 6, 4, 5, 9]);
      assert.deepEqual(await vectors(both, { pooling: "mean" }), [3, 3, 3, 3, 6, 6, 6, 6]);
    });

    test("is used by the name of its output too, if the settings say how", async () => {
      const other: TinyModel = { ...model, outputs: { logits: ["N", 3] }, patches: { ...patches, name: "features" } };
      assert.deepEqual(await vectors(other, { outputName: "features", pooling: "cls" }), [1, 1, 1, 1, 4, 4, 4, 4]);
    });
  });

  test("the shipped model brings its preset, another one does not", async () => {
    assert.equal(onnxEmbedder().preset, "efficientnet-lite");
    await using({ type: "float32", input: ["N", 3, 4, 4], outputs: { out: ["N", 3] } }, {}, (embedder) =>
      assert.equal(embedder.preset, null),
    );
  });
});

describe("models that are refused, with what was expected and what was found", () => {
  const refused: readonly (readonly [string, TinyModel, Partial<OnnxSection>, RegExp])[] = [
    ["a fixed batch of 8", { type: "float32", input: [8, 3, 4, 4], outputs: { out: [8, 3] } }, {}, /batches of 1.*\[8, 3, 4, 4\]/],
    ["four channels", { type: "float32", input: ["N", 4, 4, 4], outputs: { out: ["N", 4] } }, {}, /three channels.*\[N, 4, 4, 4\]/],
    [
      "an open size without settings",
      { type: "float32", input: ["N", 3, "h", "w"], outputs: { out: ["N", 3] } },
      {},
      /image_size.*\[N, 3, h, w\]/,
    ],
    [
      "pooling without patches",
      { type: "float32", input: ["N", 3, 4, 4], outputs: { out: ["N", 3] } },
      { pooling: "mean" },
      /"last_hidden_state" with several vectors.*embedder\.pooling mean.*out float32/,
    ],
    ["whole numbers", { type: "int64", input: ["N", 3, 4, 4], outputs: { out: ["N", 3] } }, {}, /uint8, float16 or float32.*int64/],
    [
      "two inputs",
      { type: "float32", input: ["N", 3, 4, 4], outputs: { out: ["N", 3] }, secondInput: "mask" },
      {},
      /a single input.*2 inputs.*mask/,
    ],
    [
      "two outputs of unknown names",
      { type: "float32", input: ["N", 3, 4, 4], outputs: { a: ["N", 3], b: ["N", 3] } },
      {},
      /output_name.*2 outputs: a .*b /,
    ],
    [
      "an output that is not there",
      { type: "float32", input: ["N", 3, 4, 4], outputs: { a: ["N", 3] } },
      { outputName: "z" },
      /"z".*1 output: a /,
    ],
  ];
  for (const [what, model, options, words] of refused) {
    test(what, async () => {
      await assert.rejects(
        using(model, options, () => undefined),
        (error) => HeadraceError.is(error) && error.code === "model_invalid" && words.test(error.message),
      );
    });
  }

  test("a file that is no model", async () => {
    const embedder = onnxEmbedder({ model: write(new TextEncoder().encode("not a model")), sessions: 1 });
    await assert.rejects(embedder.open(never), (error) => HeadraceError.is(error) && error.code === "model_invalid");
  });

  test("a file that is not there", async () => {
    const embedder = onnxEmbedder({ model: join(folder, "absent.onnx") });
    await assert.rejects(
      embedder.open(never),
      (error) => HeadraceError.is(error) && error.code === "model_invalid" && /absent\.onnx/.test(error.message),
    );
  });
});

test("use before open is a broken contract", () => {
  assert.throws(
    () => onnxEmbedder().dimension,
    (error) => HeadraceError.is(error) && error.code === "contract_broken",
  );
});
