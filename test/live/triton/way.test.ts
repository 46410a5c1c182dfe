/** What stands between us and Triton, and fails for a while, costs time and no image; what the model says of an image is the image's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { HttpGate, type Reply, TcpGate } from "./gates.js";
import { embed, failure, never, small, untilItWorks, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);
const rowBytes = 8 * 8 * 3;

describe("between us and Triton", { skip, concurrency: false }, () => {
  let server: TritonServer;

  before(async () => {
    server = await startTriton({
      models: [
        small,
        { ...small, name: "says-not-found", poison: 255, poisonText: "the picture is not found, not ready" },
        { ...small, name: "says-more", poison: 255, poisonText: "unexpected shape, stub process, unknown model" },
        { ...small, name: "slow", baseMs: 3_500 },
        { ...small, name: "sluggish", baseMs: 2_500 },
      ],
    });
  });
  after(() => server?.stop());

  const passing: readonly (Reply & { readonly body?: string })[] = [
    { status: 404 },
    { status: 401 },
    { status: 403, body: '{"error":"token expired"}' },
    { status: 405 },
    { status: 302, headers: { location: "/login" } },
    { status: 400 },
    { status: 500 },
    { status: 502 },
    { status: 503 },
    { status: 504 },
    { status: 200, body: "<html>please log in</html>" },
  ];
  for (const reply of passing) {
    test(`HTTP ${reply.status}: once costs a try, for longer it is a service that is away`, async () => {
      await using gate = await HttpGate.open(server.httpUrl);
      await withEmbedder({ urls: [gate.url], transport: "http", modelName: small.name }, async (embedder) => {
        const before = await embed(embedder, [1, 2]);
        gate.answer = () => (gate.refused.length === 0 ? reply : null);
        assert.deepEqual((await embed(embedder, [1, 2])).values, before.values);
        assert.equal(gate.refused.length, 1);
        gate.answer = () => reply;
        for (let call = 0; call < 3; call += 1) assert.equal((await failure(embed(embedder, [1, 2]))).scope, "service");
        gate.answer = () => null;
        assert.deepEqual((await untilItWorks(() => embed(embedder, [1, 2]), 10_000)).values, before.values);
      });
    });
  }

  test("at the first contact they are wrong settings", async () => {
    await using gate = await HttpGate.open(server.httpUrl);
    for (const status of [404, 401, 403]) {
      gate.answer = () => ({ status });
      const error = await failure(tritonEmbedder({ urls: [gate.url], transport: "http", modelName: small.name }).open(never));
      assert.equal(error.code, "config_invalid", error.message);
    }
  });

  const streams: readonly { readonly what: string; readonly answer: (server: Http2Server) => void }[] = [
    ...["401", "403", "404", "500", "502"].map((status) => ({
      what: `HTTP ${status} of a proxy`,
      answer: (proxy: Http2Server) => proxy.on("stream", (stream) => stream.respond({ ":status": Number(status) }, { endStream: true })),
    })),
    ...[7, 12, 13, 16].map((status) => ({
      what: `status ${status}`,
      answer: (proxy: Http2Server) =>
        proxy.on("stream", (stream) => {
          const details = status === 13 ? "Received RST_STREAM with code 2" : "no";
          stream.respond(
            { ":status": 200, "content-type": "application/grpc", "grpc-status": status, "grpc-message": details },
            { endStream: true },
          );
        }),
    })),
    { what: "a stream that is reset", answer: (proxy) => proxy.on("stream", (stream) => stream.close(2)) },
  ];
  for (const { what, answer } of streams) {
    test(`gRPC, ${what}: a service that is away`, async () => {
      const proxy = createHttp2Server();
      proxy.on("session", (session) => session.on("error", () => session.destroy()));
      // Its own reset is an error to it too.
      proxy.on("stream", (stream) => stream.on("error", () => stream.destroy()));
      answer(proxy);
      proxy.listen(0, "127.0.0.1");
      await once(proxy, "listening");
      try {
        await using gate = await TcpGate.open(server.grpcUrl);
        await withEmbedder({ urls: [gate.url], transport: "grpc", modelName: small.name, timeout: 5 }, async (embedder) => {
          const before = await embed(embedder, [1, 2]);
          gate.switchTo(`127.0.0.1:${(proxy.address() as AddressInfo).port}`);
          for (let call = 0; call < 3; call += 1) {
            const error = await failure(embed(embedder, [1, 2]));
            assert.equal(error.scope, "service", `${error.code} ${error.message}`);
          }
          gate.switchTo(server.grpcUrl);
          assert.deepEqual((await untilItWorks(() => embed(embedder, [1, 2]), 10_000)).values, before.values);
        });
      } finally {
        proxy.close();
      }
    });
  }

  for (const transport of ["http", "grpc", "shm"] as const) {
    const urls = () => [transport === "grpc" ? server.grpcUrl : server.httpUrl];

    test(`${transport}: what a model says of an image is no outage, whatever words it uses`, async () => {
      for (const modelName of ["says-not-found", "says-more"]) {
        await withEmbedder({ urls: urls(), transport, modelName }, async (embedder) => {
          const error = await failure(embed(embedder, [1, 255]));
          assert.deepEqual([error.code, error.scope], ["inference_failed", "batch"], error.message);
        });
      }
    });
  }

  test("a limit for bodies is found once, told once, and kept to by all requests", async () => {
    await using gate = await HttpGate.open(server.httpUrl);
    const maxBytes = 6 * rowBytes + 300;
    gate.answer = (_, bodyBytes) => (bodyBytes > maxBytes ? { status: 413 } : null);
    const expected = await withEmbedder({ urls: [server.httpUrl], transport: "http", modelName: small.name }, (embedder) =>
      embed(embedder, rows()),
    );
    await withEmbedder({ urls: [gate.url], transport: "http", modelName: small.name }, async (embedder) => {
      for (const { values } of await Promise.all([embed(embedder, rows()), embed(embedder, rows())])) {
        assert.deepEqual(values, expected.values);
      }
      assert.ok(gate.refused.length <= 10, `${gate.refused.length} refusals`);
      assert.match(
        embedder.notices().join("\n"),
        /^Requests to Triton .* are limited to about \d+ bytes: batches of 6 from now on\..*body_size\)\.$/,
      );
      const [refused, passed] = [gate.refused.length, gate.passed.length];
      assert.deepEqual((await embed(embedder, rows())).values, expected.values);
      assert.deepEqual([gate.refused.length - refused, gate.passed.length - passed], [0, 6]);
      assert.deepEqual(embedder.notices(), []);
    });
  });

  test("a way that takes not one image any more is away", async () => {
    await using gate = await HttpGate.open(server.httpUrl);
    await withEmbedder({ urls: [gate.url], transport: "http", modelName: small.name }, async (embedder) => {
      gate.answer = (url) => (url.endsWith("/infer") ? { status: 413 } : null);
      const error = await failure(embed(embedder, [1, 2, 3]));
      assert.deepEqual([error.code, error.scope], ["embedder_unavailable", "service"]);
      assert.match(error.hint, /client_max_body_size/);
    });
  });

  test("gRPC: a connection on which everything vanishes is left with the next try", async () => {
    await using gate = await TcpGate.open(server.grpcUrl);
    await withEmbedder({ urls: [gate.url], transport: "grpc", modelName: small.name, timeout: 2 }, async (embedder) => {
      const before = await embed(embedder, [1, 2]);
      gate.swallow();
      const error = await failure(embed(embedder, [1, 2]));
      assert.equal(error.scope, "service", error.message);
      assert.deepEqual((await untilItWorks(() => embed(embedder, [1, 2]), 10_000)).values, before.values);
    });
  });

  test("gRPC: it is noticed by asking whether it lives, long before the request's own time is up", async () => {
    await using gate = await TcpGate.open(server.grpcUrl);
    const options = { urls: [gate.url], transport: "grpc" as const, modelName: small.name, timeout: 60, keepaliveMs: 500 };
    await withEmbedder(options, async (embedder) => {
      const before = await embed(embedder, [1, 2]);
      gate.swallow();
      const startedMs = performance.now();
      assert.deepEqual((await embed(embedder, [1, 2])).values, before.values);
      assert.ok(performance.now() - startedMs < 30_000);
    });
  });

  test("gRPC: asking as often as the default does, Triton does not mind", async () => {
    const options = { urls: [server.grpcUrl], transport: "grpc" as const, modelName: "slow", timeout: 4, keepaliveMs: 4_000 / 3 };
    await withEmbedder(options, async (embedder) => {
      for (let call = 0; call < 2; call += 1) await embed(embedder, [call]);
      assert.deepEqual(await embedder.diagnose().then((all) => all.filter(({ severity }) => severity === "problem")), []);
    });
  });

  test("a model that needs longer than a question may take is reached again after it was away, and joins when it was away at first", async () => {
    const late = await startTriton({ models: [{ ...small, name: "sluggish", baseMs: 2_500 }] });
    try {
      await withEmbedder({ urls: [late.httpUrl], modelName: "sluggish", timeout: 10 }, async (embedder) => {
        await late.kill();
        assert.equal((await failure(embed(embedder, [1]))).scope, "service");
        await late.restart();
        await untilItWorks(() => embed(embedder, [1]), 20_000);
      });
      await late.kill();
      await withEmbedder({ urls: [server.httpUrl, late.httpUrl], modelName: "sluggish", timeout: 10 }, async (embedder) => {
        assert.equal(embedder.transports.length, 1);
        await late.restart();
        const giveUpAtMs = performance.now() + 30_000;
        while (embedder.transports.length < 2 && performance.now() < giveUpAtMs) await embed(embedder, [1]);
        assert.equal(embedder.transports.length, 2);
      });
    } finally {
      await late.stop();
    }
  });
});

function rows(): readonly number[] {
  return Array.from({ length: 32 }, (_, row) => row);
}
