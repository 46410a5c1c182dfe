/** A job that ends the server, as an image does that crashes a codec: it gets a second try, alone, and takes nothing else with it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endOf, type KillableServer, start } from "./killable-server.js";

const perJob = 300;
const batchMs = 20;
const killing = Uint8Array.of(0xde, 1, 1);
const harmless = (at: number): Uint8Array => Uint8Array.of(1, at % 256, Math.floor(at / 256));

test("a job that ends the server fails after its second attempt, and the jobs beside it complete", { timeout: 120_000 }, async ({
  signal,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-killing-job-"));
  const [data, root] = [join(folder, "data"), join(folder, "photos")];
  mkdirSync(join(root, "killing"), { recursive: true });
  mkdirSync(join(root, "harmless"));
  for (let at = 0; at < perJob; at += 1) writeFileSync(join(root, "harmless", `${at}.jpg`), harmless(at));
  writeFileSync(join(root, "killing", "a.jpg"), killing);
  const sent = { base64: Buffer.from(harmless(7)).toString("base64") };
  let server = await start(signal, data, root, batchMs);
  const restarted = async (): Promise<KillableServer> => {
    if (server.child.exitCode === null && server.child.signalCode === null) await once(server.child, "exit", { signal });
    return start(signal, data, root, batchMs);
  };
  try {
    for (const name of ["first", "second"]) await server.post("/v1/collections", { name });
    const beside = await server.post("/v1/jobs", { collection: "first", sources: [join(root, "harmless")] });
    const job = await server.post("/v1/jobs", { collection: "second", sources: [join(root, "killing")] });

    server = await restarted();
    assert.equal((await endOf(server, beside.id)).state, "completed", "the older of both suspects runs alone");

    server = await restarted();
    const [{ hits }, { status }, found] = await Promise.all([
      server.post("/v1/collections/first/search", sent),
      fetch(`${server.url}/health/ready`),
      server.get(`/v1/jobs/${job.id}`),
    ]);
    assert.deepEqual([hits.length > 0, status], [true, 200], "everything else works from the first second");
    assert.deepEqual([found.state, found.attempts, found.error.code], ["failed", 2, "unexpected"]);
    const last = await endOf(server, (await server.post("/v1/jobs", { collection: "second", images: [sent] })).id);
    assert.deepEqual([last.state, last.counts.failed], ["completed", 0]);

    server.child.kill("SIGTERM");
    server = await restarted();
    assert.deepEqual(await server.get(`/v1/jobs/${job.id}`), found, "it is not tried again");
    assert.equal((await server.get("/v1/collections/first/count")).count, perJob);
  } finally {
    server.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
