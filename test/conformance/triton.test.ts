/** Triton keeps the embedder's contract, whichever way the tensors travel. */
import { after, test } from "node:test";
import { skipUnless } from "../../scripts/services/required.js";
import { installTriton, startTriton } from "../../scripts/services/triton.js";
import { TritonEmbedder, type TritonTransport } from "../../src/adapters/triton/index.js";
import { embedderConformance } from "./embedder.js";

const skip = await skipUnless("Triton", installTriton);

if (skip !== false) {
  test("Triton keeps the embedder's contract", { skip });
} else {
  const server = await startTriton({
    models: [
      { kind: "shipped", name: "uint8", input: "uint8", maxBatch: 4 },
      { kind: "shipped", name: "float32", input: "float32", maxBatch: 4 },
    ],
  });
  after(() => server.stop());
  const embedder = (transport: TritonTransport, modelName: string) =>
    new TritonEmbedder({ urls: [transport === "grpc" ? server.grpcUrl : server.httpUrl], transport, modelName });

  for (const transport of ["http", "grpc", "shm"] as const) {
    embedderConformance(`Triton, ${transport}, uint8`, () => embedder(transport, "uint8"));
  }
  embedderConformance("Triton, auto, float32", () => embedder("auto", "float32"));
}
