/** Shared memory: used where it works, and nothing of it stays behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { tritonEmbedder } from "../../../src/adapters/triton/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton } from "../../support/services/triton.js";
import { embed, failure, never, regions, small, withEmbedder } from "./helpers.js";

const skip = await skipUnless("Triton", installTriton);

describe("shared memory with Triton", { skip, concurrency: false }, async () => {
  if (skip !== false) return;
  const server = await startTriton({
    models: [small, { ...small, name: "poison", poison: 255 }, { ...small, name: "slow", baseMs: 1_500 }],
  });
  after(() => server.stop());
  const options = { urls: [server.httpUrl], modelName: small.name };
  const registered = async () =>
    (await (await fetch(`http://${server.httpUrl}/v2/systemsharedmemory/status`)).json()) as readonly unknown[];

  test("auto takes it for a server on this machine, and says why", async () => {
    await withEmbedder(options, async (embedder) => {
      assert.deepEqual(
        embedder.transports.map(({ transport }) => transport),
        ["shm"],
      );
      assert.match(embedder.transports[0]!.reason, /on this machine, and a probe through it was right/);
      assert.match(embedder.label, /\(shm\)/);
    });
  });

  test("regions are reused, one for each request at once", async () => {
    await withEmbedder(options, async (embedder) => {
      for (let round = 0; round < 3; round += 1) await Promise.all([1, 2, 3, 4].map((value) => embed(embedder, [value])));
      assert.equal(regions().length, 2);
      assert.equal((await registered()).length, 2);
    });
  });

  test("a batch that is larger than the region gets a larger one, and the old one goes", async () => {
    const preferring = { ...small, name: "preferring", preferred: [2] };
    const other = await startTriton({ models: [preferring] });
    try {
      await withEmbedder({ urls: [other.httpUrl], modelName: "preferring", inflight: 1 }, async (embedder) => {
        assert.equal(embedder.feed.preferredBatch, 2);
        const few = await embed(embedder, [1, 2]);
        const many = await embed(
          embedder,
          Array.from({ length: 32 }, (_, row) => row + 1),
        );
        assert.deepEqual(many.values.subarray(0, 32), few.values);
        assert.equal(regions().length, 1);
      });
    } finally {
      await other.stop();
    }
  });

  test("nothing is left after a clean end", async () => {
    await withEmbedder(options, (embedder) => embed(embedder, [1, 2]));
    assert.deepEqual([regions(), await registered()], [[], []]);
  });

  test("nothing is left after a failed open", async () => {
    const embedder = tritonEmbedder({ ...options, expect: { dimension: 99 } });
    assert.equal((await failure(embedder.open(never))).code, "model_mismatch");
    assert.deepEqual([regions(), await registered()], [[], []]);
  });

  test("nothing is left after a failed batch and a stopped one that the server still works on", async () => {
    await withEmbedder({ ...options, modelName: "poison" }, async (embedder) => {
      await failure(embed(embedder, [255]));
    });
    const controller = new AbortController();
    await withEmbedder({ ...options, modelName: "slow" }, async (embedder) => {
      const pending = failure(embed(embedder, [1], controller.signal));
      await new Promise((resolve) => setTimeout(resolve, 200));
      controller.abort();
      assert.equal((await pending).code, "aborted");
    });
    assert.deepEqual([regions(), await registered()], [[], []]);
  });

  test("nothing is left after the server was killed", async () => {
    await withEmbedder(options, async (embedder) => {
      await embed(embedder, [1]);
      await server.kill();
    });
    assert.deepEqual(regions(), []);
    await server.restart();
  });

  const leaveOpen = async () => {
    const script = fileURLToPath(new URL("./left-open.js", import.meta.url));
    const child = spawn(process.execPath, [script, server.httpUrl, small.name], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return { child, pid: child.pid!, left: regions(child.pid) };
  };

  test("what a killed process has left goes at the next start: the registration at the server, then the file", async () => {
    const { child, pid, left } = await leaveOpen();
    assert.ok(left.length >= 1);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.deepEqual(regions(pid), left);
    assert.equal((await registered()).length, left.length);

    await withEmbedder(options, async (embedder) => {
      await embed(embedder, [1]);
      assert.deepEqual(regions(pid), []);
    });
    assert.deepEqual([regions(), await registered()], [[], []]);
  });

  test("a living process keeps its regions when another one starts", async () => {
    const { child, pid, left } = await leaveOpen();
    await withEmbedder(options, (embedder) => embed(embedder, [1]));
    assert.deepEqual(regions(pid), left);
    child.kill("SIGTERM");
    await once(child, "exit");
    assert.deepEqual([regions(pid), await registered()], [[], []]);
  });
});
