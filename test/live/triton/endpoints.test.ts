/** Several Triton servers: shared load, and one that dies is left out until it is back. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton } from "../../support/services/triton.js";
import { embed, failure, never, small, untilItWorks, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);

describe("two Triton servers", { skip, concurrency: false }, async () => {
  if (skip !== false) return;
  const models = [{ ...small, baseMs: 30 }];
  const [a, b] = await Promise.all([startTriton({ models }), startTriton({ models })]);
  after(() => Promise.all([a.stop(), b.stop()]));
  const served = async (url: string) => {
    const statistics = (await (await fetch(`http://${url}/v2/models/small/stats`)).json()) as {
      model_stats: { inference_count: number }[];
    };
    return statistics.model_stats[0]!.inference_count;
  };
  const servedByEach = () => Promise.all([a, b].map((server) => served(server.httpUrl)));

  for (const transport of ["http", "grpc", "shm"] as const) {
    const urls = [a, b].map((server) => (transport === "grpc" ? server.grpcUrl : server.httpUrl));
    const options = { urls, transport, modelName: small.name, timeout: 10 };

    test(`${transport}: both get their share`, async () => {
      await withEmbedder(options, async (embedder) => {
        assert.equal(embedder.feed.parallel, 4);
        const before = await servedByEach();
        await Promise.all(Array.from({ length: 8 }, (_, call) => embed(embedder, [call])));
        const sinceThen = async () => (await servedByEach()).map((count, i) => count - before[i]!);
        let done = await sinceThen();
        // Triton enters a request into its statistics after it has answered, so wait for all eight.
        const giveUpAtMs = performance.now() + 5_000;
        while (done[0]! + done[1]! < 8 && performance.now() < giveUpAtMs) done = await sinceThen();
        // A probe of the opening may still be entered here: it counts for neither.
        assert.ok(
          done.every((count) => count >= 4 && count <= 5),
          `served ${done}`,
        );
      });
    });

    test(`${transport}: one is killed in the middle: no request fails, and it gets work again when it is back`, async () => {
      await withEmbedder(options, async (embedder) => {
        const calls = Array.from({ length: 12 }, (_, call) => embed(embedder, [call]));
        await a.kill();
        const vectors = await Promise.all(calls);
        assert.equal(vectors.length, 12);
        const findings = await embedder.diagnose();
        assert.ok(findings.some(({ severity, part }) => severity === "problem" && part.includes(urls[0]!)));
        await a.restart();
        await untilItWorks(async () => {
          await Promise.all([1, 2, 3, 4].map((value) => embed(embedder, [value])));
          assert.ok(embedder.transports.length === 2);
        }, 5_000);
        const giveUpAtMs = performance.now() + 10_000;
        while ((await served(a.httpUrl)) === 0 && performance.now() < giveUpAtMs) {
          await Promise.all([1, 2, 3, 4].map((value) => embed(embedder, [value])));
        }
        assert.ok((await served(a.httpUrl)) > 0, "the server that came back got no work");
      });
    });
  }

  test("one that is away at the start joins later", async () => {
    await b.kill();
    const options = { urls: [a.httpUrl, b.httpUrl], modelName: small.name, timeout: 10 };
    await withEmbedder(options, async (embedder) => {
      assert.equal(embedder.transports.length, 1);
      await b.restart();
      const giveUpAtMs = performance.now() + 10_000;
      while (embedder.transports.length < 2 && performance.now() < giveUpAtMs) await embed(embedder, [1]);
      assert.equal(embedder.transports.length, 2);
    });
  });

  test("when both are away, the error says so for each", async () => {
    await withEmbedder({ urls: [a.httpUrl, b.httpUrl], modelName: small.name, timeout: 10 }, async (embedder) => {
      await Promise.all([a.kill(), b.kill()]);
      await failure(embed(embedder, [1]));
      const error = await failure(embed(embedder, [1]));
      assert.equal(error.code, "embedder_unavailable");
      assert.equal(error.scope, "service");
      assert.match(error.message, /all 2 Triton servers are away/);
      await Promise.all([a.restart(), b.restart()]);
      await untilItWorks(() => embed(embedder, [1]), 10_000);
    });
  });

  test("opening fails when none of them answers", async () => {
    const embedder = tritonEmbedder({ urls: ["127.0.0.1:1", "127.0.0.1:2"], modelName: small.name });
    const error = await failure(embedder.open(never));
    assert.equal(error.code, "embedder_unavailable");
  });
});
