/** How busy the model was, by the server's own figures: compared with the model's log of its executions. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { TritonEmbedder } from "../../../src/adapters/triton/index.js";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../../src/app/index.js";
import type { ServerUse } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { embed, never, withEmbedder } from "./helpers.js";
import { executionsOf, makePictures, side } from "./images.js";

const skip = await skipUnless("Triton", installTriton);

/** Triton answers before it counts, and counts images and time apart: its figures once both grew, or as they are after two seconds. */
async function useAfter(before: ServerUse, embedder: TritonEmbedder): Promise<ServerUse> {
  for (const deadline = Date.now() + 2000; ; await setTimeout(10)) {
    const use = await embedder.serverUse(never);
    assert.ok(use !== null);
    if ((use.images > before.images && use.computeMs > before.computeMs) || Date.now() > deadline) return use;
  }
}

describe("what the server counts", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-server-use-"));
  const pictures = join(folder, "pictures");
  const busyLog = join(folder, "gpu.log");
  const model = { kind: "sleeping", name: "gpu", baseMs: 8, rowMs: 12, dimension: 32, size: side, busyLog } as const;
  let server: TritonServer;

  before(async () => {
    const several = {
      kind: "sleeping",
      name: "several",
      baseMs: 0,
      rowMs: 0,
      dimension: 32,
      size: side,
      instances: 3,
      maxBatch: 64,
    } as const;
    server = await startTriton({ models: [model, { ...several, preferred: [16, 32] }] });
    await makePictures(pictures, 400);
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a run that keeps the model busy says so, and names it as the limit", async () => {
    const logged = executionsOf(busyLog).length;
    const config = new ServiceConfig({
      triton: { url: server.httpUrl, modelName: "gpu" },
      preprocess: { preset: "none" },
      lancedb: { path: join(folder, "db") },
    });
    await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
    const run = await pipeline.ingest({ inputs: listInputs({ paths: [pictures] }), collectionName: "busy", schedule: "overlapped" });
    const { stored, limit, gpu, verdict } = await run.done;
    assert.equal(stored, 400);
    const executions = executionsOf(busyLog).slice(logged);
    const busyMs = executions.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    const wallMs = Math.max(...executions.map(({ endMs }) => endMs)) - Math.min(...executions.map(({ startMs }) => startMs));
    assert.equal(gpu?.source, "model");
    assert.ok(Math.abs((gpu?.busyShare ?? 0) - busyMs / wallMs) < 0.15, `expected ${busyMs / wallMs}, found ${gpu?.busyShare}`);
    assert.equal(limit?.stage, "embed", verdict);
    assert.match(verdict, /Model busy \d+ % \(its server's figure\)/);
  });

  test("every instance of a model gets requests, and batches have the size that is asked for, up to the model's maximum", async () => {
    for (const [batchSize, preferredBatch] of [
      [null, 32],
      [5, 5],
      [10_000, 64],
    ] as const) {
      await withEmbedder({ urls: [server.httpUrl], modelName: "several", inflight: 2, expect: { batchSize } }, async ({ feed }) => {
        assert.deepEqual(feed, { preferredBatch, maxBatch: 64, parallel: 6 });
      });
    }
  });

  for (const transport of ["http", "grpc", "shm"] as const) {
    test(`${transport}: a batch adds its images and its time once`, async () => {
      const urls = [transport === "grpc" ? server.grpcUrl : server.httpUrl];
      await withEmbedder({ urls, transport, modelName: "gpu" }, async (embedder) => {
        const first = await embedder.serverUse(never);
        await embed(embedder, [1, 2, 3, 4]);
        assert.ok(first !== null);
        const last = await useAfter(first, embedder);
        assert.deepEqual([last.images - first.images, last.instances, last.gpuShare], [4, 1, null]);
        const computeMs = last.computeMs - first.computeMs;
        assert.ok(computeMs >= 55 && computeMs < 500, `expected 8 + 4 × 12 ms and a little, found ${computeMs}`);
      });
    });
  }

  test("triton.metrics_port: the utilisation of the GPUs is read there, and missing metrics are no error", async () => {
    const metrics = createServer((_, answer) =>
      answer.end(
        '# TYPE nv_gpu_utilization gauge\nnv_gpu_utilization{gpu_uuid="GPU-1"} 0.560000\nnv_gpu_utilization{gpu_uuid="GPU-2"} 0.44\nnv_gpu_power_usage{gpu_uuid="GPU-1"} 71\n',
      ),
    );
    await new Promise<void>((resolve) => metrics.listen(0, "127.0.0.1", resolve));
    const metricsPort = (metrics.address() as AddressInfo).port;
    await withEmbedder({ urls: [server.httpUrl], modelName: "gpu", metricsPort }, async (embedder) => {
      assert.equal((await embedder.serverUse(never))?.gpuShare, 0.5);
      await new Promise((resolve) => metrics.close(resolve));
      metrics.closeAllConnections();
      assert.equal((await embedder.serverUse(never))?.gpuShare, null);
    });
  });
});
