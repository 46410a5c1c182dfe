/** What goes wrong in the middle of a run has the scope that keeps items from being blamed for it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, killModelProcess, startTriton } from "../../support/services/triton.js";
import { embed, failure, never, small, untilItWorks, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);

describe("a Triton that fails in the middle of a run", { skip }, async () => {
  if (skip !== false) return;
  const server = await startTriton({
    control: "explicit",
    models: [
      small,
      { ...small, name: "poison", poison: 255 },
      { ...small, name: "queue", baseMs: 200, maxQueue: 1 },
      { ...small, name: "slow", baseMs: 700 },
    ],
  });
  after(() => server.stop());
  const httpOnly = { urls: [server.httpUrl], transport: "http" as const };

  for (const transport of ["http", "grpc", "shm"] as const) {
    const urls = [transport === "grpc" ? server.grpcUrl : server.httpUrl];
    const options = { urls, transport, modelName: small.name, timeout: 20 };

    test(`${transport}: a poisoned row fails its batch, which may be halved; other batches go on`, async () => {
      await withEmbedder({ ...options, modelName: "poison" }, async (embedder) => {
        const [bad, good] = await Promise.all([failure(embed(embedder, [1, 255, 2])), embed(embedder, [1, 2])]);
        assert.equal(bad.code, "inference_failed");
        assert.equal(bad.scope, "batch");
        assert.equal(bad.retryable, true);
        assert.match(bad.message, /poisoned row 1 of 3/);
        assert.equal(good.values.length, 32);
      });
    });

    test(`${transport}: a full queue is overload, not failure`, async () => {
      await withEmbedder({ ...options, modelName: "queue", inflight: 6 }, async (embedder) => {
        const rows = Array(32).fill(1);
        const results = await Promise.allSettled(Array.from({ length: 6 }, () => embed(embedder, rows)));
        const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
        assert.ok(refused.length >= 1 && refused.length < 6, `${refused.length} of 6 were refused`);
        for (const error of refused) {
          assert.equal(error.code, "overloaded", error.message);
          assert.equal(error.scope, "service");
        }
        await embed(embedder, rows);
      });
    });

    test(`${transport}: a killed server is unavailable, and after its restart the same embedder works`, async () => {
      await withEmbedder(options, async (embedder) => {
        const before = await embed(embedder, [1, 2, 3]);
        await server.kill();
        const error = await failure(embed(embedder, [1, 2, 3]));
        assert.equal(error.code, "embedder_unavailable");
        assert.equal(error.scope, "service");
        await server.restart();
        const again = await untilItWorks(() => embed(embedder, [1, 2, 3]), 10_000);
        assert.deepEqual(again.values, before.values);
      });
    });

    test(`${transport}: a frozen server costs time, no item, and is not blamed on the batch`, async () => {
      await withEmbedder({ ...options, timeout: 1 }, async (embedder) => {
        await server.pause();
        try {
          const error = await failure(embed(embedder, [1]));
          assert.equal(error.code, "timed_out");
          assert.equal(error.scope, "service");
        } finally {
          server.resume();
        }
        await untilItWorks(() => embed(embedder, [1]), 10_000);
      });
    });

    test(`${transport}: a model that is unloaded is away until it is loaded again`, async () => {
      await withEmbedder(options, async (embedder) => {
        await server.unload(small.name);
        const error = await failure(embed(embedder, [1]));
        assert.equal(error.code, "embedder_unavailable", error.message);
        assert.match(error.message, /no available versions|not ready|not found/);
        await server.load(small.name);
        await untilItWorks(() => embed(embedder, [1]), 10_000);
      });
    });
  }

  test("a request that takes too long on a live server is the batch's fault, so that it is halved", async () => {
    await withEmbedder({ ...httpOnly, modelName: "slow", timeout: 2 }, async (embedder) => {
      const both = await Promise.allSettled(Array.from({ length: 5 }, () => embed(embedder, Array(32).fill(1))));
      const late = both.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      assert.ok(late.length >= 1, "expected the last of five to be late");
      for (const error of late) {
        assert.equal(error.code, "timed_out", error.message);
        assert.equal(error.scope, "batch");
        assert.match(error.message, /2000 ms \(triton\.timeout\)/);
      }
    });
  });

  test("a model whose process has died is away, though the server says that it is ready", async () => {
    await withEmbedder({ ...httpOnly, modelName: small.name }, async (embedder) => {
      killModelProcess(server, small.name);
      const error = await failure(embed(embedder, [1]));
      assert.equal(error.code, "embedder_unavailable", error.message);
      assert.match(error.hint, /process has died.*Load the model again/);
      await server.unload(small.name);
      await server.load(small.name);
      await untilItWorks(() => embed(embedder, [1]), 10_000);
    });
  });

  test("stopping from outside ends a request at once", async () => {
    await withEmbedder({ ...httpOnly, modelName: "slow" }, async (embedder) => {
      const controller = new AbortController();
      const pending = failure(embed(embedder, [1], controller.signal));
      const stoppedMs = performance.now();
      controller.abort();
      assert.equal((await pending).code, "aborted");
      const endedMs = performance.now() - stoppedMs;
      assert.ok(endedMs < 700, `ended after ${endedMs} ms: as late as the model's own answer`);
      await embedder.check(never);
    });
  });
});
