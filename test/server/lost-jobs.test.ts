/** What a server does with its jobs when another server has taken their folder, because this one stood still for long. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ownIdentity } from "../../src/kit/files/process-identity.js";
import { waitUntil } from "../support/services/process.js";
import { JobServer } from "./job-server.js";
import { base64 } from "./running.js";

test("a server that lost the folder of its jobs leaves them to the other server, with their images", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isRunning = false;
  const work = async (_rows: number, signal: AbortSignal): Promise<void> => {
    isRunning = true;
    const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    await Promise.race([holding, aborted]);
  };
  await using jobs = await JobServer.start({ server: { jobsAtOnce: 1 }, embedder: { work } });
  const { server } = jobs;
  const send = async (value: number): Promise<string> =>
    (await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(value) }] })).body.id;
  const [running, waiting] = [await send(1), await send(2)];
  await waitUntil("the first job runs", async () => isRunning, { timeoutMs: 10_000 });
  assert.equal((await server.post(`/v1/jobs/${running}/cancel`, undefined)).body.state, "stopping");
  const folder = join(server.dataFolder, "jobs");
  const record = (): string => readFileSync(join(folder, running, "job.json"), "utf8");
  const written = record();
  const events = [running, waiting].map((id) => jobs.watch(id));

  const lock = join(folder, "lock");
  const other = JSON.stringify({ ...ownIdentity(), token: "of-the-other-server" });
  writeFileSync(lock, other);
  for (const seen of await Promise.all(events)) assert.notEqual(seen.at(-1)?.data.state, "cancelled");

  const { status, body } = await server.get("/v1/jobs");
  assert.deepEqual([status, body.code], [503, "not_ready"]);
  assert.ok(server.logged.some(({ event }) => event === "jobs stop"));
  assert.equal(record(), written);
  for (const id of [running, waiting]) assert.equal(readdirSync(join(folder, id, "uploads")).length, 1, "the images stay");
  letGo();
  await server.stop();
  assert.equal(readFileSync(lock, "utf8"), other, "the lock of the other server stays");

  rmSync(lock);
  await server.restart();
  const states = [await jobs.ended(running), await jobs.ended(waiting)].map(({ state }) => state);
  assert.deepEqual(states, ["cancelled", "completed"]);
});
