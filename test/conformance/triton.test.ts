/** Triton keeps the embedder's contract, whichever way the tensors travel. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { onnxEmbedder } from "../../src/adapters/onnx/index.js";
import { type TritonTransport, tritonEmbedder } from "../../src/adapters/triton/index.js";
import { exportTritonModel } from "../../src/app/index.js";
import { skipUnless } from "../support/services/required.js";
import { installTriton, startTriton } from "../support/services/triton.js";
import { cosine, embedderConformance, goldenImages, packGolden } from "./embedder.js";

const skip = await skipUnless("Triton", installTriton);

if (skip !== false) {
  test("Triton keeps the embedder's contract", { skip });
} else {
  const repository = mkdtempSync(join(tmpdir(), "headrace-conformance-"));
  const model = fileURLToPath(new URL("../../../models/efficientnet-lite0.onnx", import.meta.url));
  const { modelName: ensemble } = await exportTritonModel({ output: repository, backend: "python", model, maxBatch: 4, serve: "ensemble" });
  const server = await startTriton({
    repository,
    models: [
      { kind: "shipped", name: "uint8", input: "uint8", maxBatch: 4 },
      { kind: "shipped", name: "float16", input: "float16", maxBatch: 4 },
      { kind: "shipped", name: "float32", input: "float32", maxBatch: 4 },
    ],
  });
  after(async () => {
    await server.stop();
    rmSync(repository, { recursive: true, force: true });
  });
  const embedder = (transport: TritonTransport, modelName: string) =>
    tritonEmbedder({ urls: [transport === "grpc" ? server.grpcUrl : server.httpUrl], transport, modelName });

  for (const transport of ["http", "grpc", "shm"] as const) {
    embedderConformance(`Triton, ${transport}, uint8`, () => embedder(transport, "uint8"));
  }
  embedderConformance("Triton, auto, float32", () => embedder("auto", "float32"));
  embedderConformance("Triton, auto, an ensemble of uint8", () => embedder("auto", ensemble));
  for (const transport of ["http", "grpc", "shm"] as const) {
    embedderConformance(`Triton, ${transport}, float16`, () => embedder(transport, "float16"));
  }

  test("a model that Triton serves gives the vectors that ONNX Runtime gives in this process", async () => {
    const signal = new AbortController().signal;
    const served = embedder("http", "uint8");
    const embedded = onnxEmbedder({ sessions: 1 });
    try {
      await Promise.all([served.open(signal), embedded.open(signal)]);
      for (const { file, pixels } of goldenImages()) {
        const [a, b] = await Promise.all(
          [served, embedded].map((each) => {
            const slab = each.lease(1);
            packGolden(pixels, slab.bytes, each.input);
            return each.embed(slab, signal);
          }),
        );
        const found = cosine(a!.values, b!.values);
        assert.ok(found >= 0.9999, `${file}: expected a cosine of at least 0.9999, found ${found}`);
      }
    } finally {
      await Promise.all([served.close(), embedded.close()]);
    }
  });
}
