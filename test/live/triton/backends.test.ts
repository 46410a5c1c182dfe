/** Wherever an image's numbers are made, here in typed arrays or JAX, inside the model or in a step of the server's, the vectors are the same. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exportTritonModel, ImageEmbeddingPipeline, ServiceConfig, type Settings } from "../../../src/app/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { cosine, goldenImages } from "../../conformance/embedder.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const photos = goldenImages().map(({ file }) => join(root, "test", "fidelity", "golden", file));

type Preprocess = Partial<Settings["preprocess"]>;

/** Where numbers are made, and on which of the server's models; null: the model in this process. */
const ways: readonly (readonly [string, string | null, Preprocess])[] = [
  ["all in this process, inside the model", null, {}],
  ["typed arrays, float32", "efficientnet-lite0", { backend: "native" }],
  ["JAX on the main thread, float32", "efficientnet-lite0", { backend: "jax" }],
  ["JAX in a worker, float32", "efficientnet-lite0", { backend: "jax", jaxThread: "worker" }],
  ["typed arrays, float16", "float16", { backend: "native" }],
  ["JAX, float16", "float16", { backend: "jax" }],
  ["server, inside the model", "efficientnet_lite0", { backend: "server" }],
  ["server, in a step before the model", "efficientnet-lite0_ensemble", { backend: "server" }],
];

describe("native, jax and server on a real Triton", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-backends-"));
  let server: TritonServer;

  before(async () => {
    const output = join(folder, "models");
    const numbers = { output, backend: "python", maxBatch: 8 } as const;
    await exportTritonModel(numbers);
    const model = join(root, "models", "efficientnet-lite0.onnx");
    assert.equal((await exportTritonModel({ ...numbers, model, serve: "ensemble" })).modelName, "efficientnet-lite0_ensemble");
    server = await startTriton({
      repository: output,
      models: [{ kind: "shipped", name: "float16", input: "float16", preset: "efficientnet-lite", maxBatch: 8 }],
    });
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("give embeddings of a cosine of at least 0.9999 to each other and to those of this process alone", async (t) => {
    const found: (readonly Float32Array[])[] = [];
    for (const [, model, preprocess] of ways) {
      await using pipeline = await open(model, preprocess);
      const { vectors, failures } = await pipeline.embedImages(photos);
      assert.deepEqual(failures, []);
      found.push(vectors.map((vector) => vector!));
    }
    let least = 1;
    for (const [a, one] of found.entries()) {
      for (const [b, other] of found.slice(0, a).entries()) {
        for (const [index, photo] of photos.entries()) {
          const value = cosine(one[index]!, other[index]!);
          least = Math.min(least, value);
          assert.ok(value >= 0.9999, `${ways[a]![0]} and ${ways[b]![0]}, ${photo}: expected at least 0.9999, found ${value}`);
        }
      }
    }
    t.diagnostic(`the least cosine is ${least.toFixed(7)}`);
  });

  test("are one passport: what one of them began, each of the others goes on with and searches", async () => {
    for (const [index, [way, model, preprocess]] of ways.entries()) {
      await using pipeline = await open(model, preprocess);
      const photo = photos[index % photos.length]!;
      const { stats } = await pipeline.insertImagesAsync({ inputs: [{ input: photo, id: way }], collectionName: "one" });
      assert.equal(stats.stored, 1, way);
      const hits = await pipeline.searchImages(photos[0]!, { collectionName: "one", topK: 1 });
      assert.ok(hits[0]!.score >= 0.9999, `${way}: expected the first photo as the nearest, found a score of ${hits[0]!.score}`);
    }
    await using pipeline = await open(null, {});
    assert.equal(await pipeline.count("one"), ways.length);
  });

  test("the ensemble takes uint8 over every transport, and nothing is wrong with it", async () => {
    for (const transport of ["http", "grpc", "shm"] as const) {
      const url = transport === "grpc" ? server.grpcUrl : server.httpUrl;
      await withEmbedder({ urls: [url], transport, modelName: "efficientnet-lite0_ensemble" }, async (embedder) => {
        assert.deepEqual(embedder.input, { dtype: "uint8", layout: "NHWC", width: 224, height: 224 });
        assert.deepEqual([embedder.dimension, embedder.preset, embedder.feed.maxBatch], [1280, "efficientnet-lite", 8]);
        const advice = (await embedder.diagnose()).filter(({ message }) => !message.startsWith("tensors travel over"));
        assert.deepEqual(advice, []);
      });
    }
  });

  for (const { what, model, preprocess, milvus, says } of [
    {
      what: "uint8 is to be sent to a model of floats",
      model: "efficientnet-lite0",
      preprocess: { backend: "server" },
      milvus: null,
      says: /expected uint8, as preprocess\.backend server sends, found input "images" FP32 .*data_type: TYPE_UINT8, dims: .*--ensemble/s,
    },
    {
      what: "the store waits for vectors of another length",
      model: "efficientnet_lite0",
      preprocess: {},
      milvus: { embeddingDim: 512 },
      says: /expected milvus\.embedding_dim 512, found output "embedding" with 1280 numbers.*data_type: TYPE_FP32, dims: \[ 512 \]/s,
    },
  ] as const) {
    test(`a configuration in which ${what} is refused, with both sides and the lines of config.pbtxt`, async () => {
      const config = configOf(model, preprocess);
      if (milvus !== null) config.milvus = new ServiceConfig({ milvus }).milvus;
      await assert.rejects(
        async () => {
          await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
          await pipeline.embedImages(photos.slice(0, 1));
        },
        (error) => {
          assert.ok(HeadraceError.is(error), String(error));
          assert.equal(error.code, "model_mismatch", error.message);
          assert.match(`${error.message}\n${error.hint}`, says);
          return true;
        },
      );
    });
  }

  function open(model: string | null, preprocess: Preprocess): Promise<ImageEmbeddingPipeline> {
    return ImageEmbeddingPipeline.open(configOf(model, preprocess));
  }

  function configOf(model: string | null, preprocess: Preprocess): ServiceConfig {
    const config = new ServiceConfig({
      embedder: { sessions: 1 },
      lancedb: { path: join(folder, "data") },
      ...(model === null ? {} : { triton: { url: server.httpUrl, modelName: model } }),
    });
    Object.assign(config.preprocess, preprocess);
    return config;
  }
});
