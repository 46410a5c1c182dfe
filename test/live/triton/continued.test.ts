/** A collection that was begun in this process is continued, and searched, with the same model on Triton; no setting names the preprocessing. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exportRepository } from "../../../src/adapters/triton/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../../src/app/index.js";
import { HeadraceError } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";

const skip = await skipUnless("Triton", installTriton);
const golden = fileURLToPath(new URL("../../../../test/fidelity/golden/", import.meta.url));
const [first = "", ...others] = ["coffee.jpg", "chelsea.jpg", "hubble.jpg", "rocket.jpg", "retina.jpg"].map((name) => join(golden, name));

describe("a collection made by the model in this process", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-continued-"));
  let server: TritonServer;

  before(async () => {
    const repository = join(folder, "models");
    exportRepository({ output: repository, backend: "python", maxBatch: 4, preferredBatch: [2, 4] });
    const shipped = { kind: "shipped", maxBatch: 4 } as const;
    server = await startTriton({
      repository,
      models: [
        { ...shipped, name: "float32", input: "float32", preset: "efficientnet-lite" },
        { ...shipped, name: "unnamed", input: "float32" },
      ],
    });
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const transport of ["http", "grpc"] as const) {
    for (const modelName of ["efficientnet_lite0", "float32"]) {
      test(`is continued with ${modelName} over ${transport}`, async () => {
        const data = await begun();
        await using pipeline = await ImageEmbeddingPipeline.open(withTriton(data, modelName, transport));
        const {
          stats: { stored, skipped },
        } = await pipeline.insertImagesAsync({ inputs: [first, ...others], collectionName: "golden" });
        assert.deepEqual([stored, skipped], [others.length, 1]);
        for (const image of [first, ...others]) {
          const [best] = await pipeline.searchImages(image, { collectionName: "golden", topK: 1 });
          assert.ok(best?.facts.source.endsWith(image) && best.score > 0.9999, `${image}: ${best?.facts.source} ${best?.score}`);
        }
      });
    }
  }

  test("is refused by a model whose preprocessing nobody named, and taken when a setting names it", async () => {
    const data = await begun();
    const insert = async (config: ServiceConfig) => {
      await using pipeline = await ImageEmbeddingPipeline.open(config);
      return await pipeline.insertImagesAsync({ inputs: [...others], collectionName: "golden" });
    };
    const config = withTriton(data, "unnamed", "http");
    await assert.rejects(insert(config), (error) => HeadraceError.is(error) && error.code === "passport_mismatch");
    config.preprocess = { ...config.preprocess, preset: "efficientnet-lite" };
    assert.equal((await insert(config)).stats.stored, others.length);
  });

  /** A folder of data with one picture that ONNX Runtime has embedded. */
  async function begun(): Promise<string> {
    const data = mkdtempSync(join(folder, "data-"));
    await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data }, embedder: { sessions: 1 } }));
    assert.equal((await pipeline.insertImagesAsync({ inputs: [first], collectionName: "golden" })).stats.stored, 1);
    return data;
  }

  function withTriton(data: string, modelName: string, transport: "http" | "grpc"): ServiceConfig {
    const url = transport === "grpc" ? server.grpcUrl : server.httpUrl;
    return new ServiceConfig({ lancedb: { path: data }, triton: { url, modelName, transport } });
  }
});
