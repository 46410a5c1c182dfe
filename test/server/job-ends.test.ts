/** How jobs end, and what is deleted then, when several things happen at the same time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../src/contracts/index.js";
import { JobServer } from "./job-server.js";
import { base64 } from "./running.js";

/** Work of the embedder that the test breaks, or holds until `letGo`. */
class Work {
  isBroken = false;
  #holding: Promise<void> | null = null;
  #letGo = (): void => undefined;

  readonly run = async (_rows: number, signal: AbortSignal): Promise<void> => {
    if (this.isBroken) {
      throw new HeadraceError("inference_failed", "model: expected vectors, found none", { scope: "batch", retryable: false });
    }
    if (this.#holding === null) return;
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
    );
    await Promise.race([this.#holding, aborted]);
  };

  hold(): void {
    this.#holding = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#holding = null;
    this.#letGo();
  }
}

/** Starts a job with one image. Returns its id. */
async function send({ server }: JobServer, value: number): Promise<string> {
  return (await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(value) }] })).body.id;
}

test("the images of a job stay while a retry of its retry reads them", { timeout: 60_000 }, async () => {
  const work = new Work();
  await using jobs = await JobServer.start({ embedder: { work: work.run } });
  const { server } = jobs;
  const retry = async (id: string): Promise<string> => (await server.post(`/v1/jobs/${id}/retry`, {})).body.id;
  await jobs.ended(await send(jobs, 9));
  work.isBroken = true;
  const first = await jobs.ended(await send(jobs, 1));
  const second = await jobs.ended(await retry(first.id));
  assert.deepEqual([first.counts.failed, second.counts.failed], [1, 1]);
  work.isBroken = false;
  work.hold();
  const third = await retry(second.id);
  const refused = await server.send("DELETE", `/v1/jobs/${first.id}`);
  assert.deepEqual([refused.status, refused.body?.code], [409, "job_active"]);
  work.letGo();
  assert.equal((await jobs.ended(third)).counts.stored, 1);
  assert.equal((await server.send("DELETE", `/v1/jobs/${first.id}`)).status, 204);
});
