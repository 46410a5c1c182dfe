/** How jobs end, and what is deleted then, when several things happen at the same time. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import type { JobEvent } from "../../src/server/jobs/event-log.js";
import type { Job } from "../../src/server/jobs/job.js";
import { Jobs } from "../../src/server/jobs/jobs.js";
import { KeptUploads } from "../../src/server/kept/kept-uploads.js";
import { Telemetry } from "../../src/server/telemetry/telemetry.js";
import { JobServer } from "./job-server.js";
import { base64, image } from "./running.js";

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

/** The jobs of a server, without its HTTP. The end of a job waits from `hold` on, between its run and its record. */
class HeldEnds implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "headrace-ends-"));
  readonly #config = new ServiceConfig({ lancedb: { path: this.#folder }, server: { keepJobs: 2, jobsAtOnce: 2 } });
  readonly #own = { store: memoryStore(), decoder: memoryDecoder(), embedder: memoryEmbedder() };
  readonly #pipeline = ImageEmbeddingPipeline.open(this.#config, { parts: "lazy", own: this.#own });
  #holding: Promise<void> | null = null;
  #letGo = (): void => undefined;
  #ending = 0;
  #onEnding = (): void => undefined;
  jobs!: Jobs;

  async open(): Promise<void> {
    const pipeline = await this.#pipeline;
    if (!(await pipeline.listCollections()).some(({ name }) => name === "pets")) await pipeline.createCollection("pets");
    const settings = this.#config.settings();
    const log = (): void => undefined;
    const traces = { endpoint: null, version: "0", dbSystem: "lancedb", onLost: log, environment: {} };
    const telemetry = await Telemetry.open({ jobs: () => new Map(), traces });
    const kept = await KeptUploads.open({ pipeline, settings, log });
    const take: KeptUploads["take"] = async (...given) => {
      this.#ending += 1;
      this.#onEnding();
      await this.#holding;
      await kept.take(...given);
    };
    this.jobs = await Jobs.open({ pipeline, settings, log, telemetry, uploads: { take, forgetUnused: () => kept.forgetUnused() } });
  }

  hold(): void {
    this.#ending = 0;
    this.#holding = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#letGo();
  }

  /** Resolves when the runs of so many jobs have ended since `hold`. */
  async ending(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onEnding = () => {
        if (this.#ending >= count) resolve();
      };
      this.#onEnding();
    });
  }

  async submit(value: number): Promise<string> {
    const draft = await this.jobs.draft("");
    await draft.addLine({ input: `uploads/${await draft.keep([image(value)])}` });
    const request = { kind: "ingest" as const, collection: "pets", sources: [], listing: {}, retry: null, snapshotOf: null };
    const { job } = await this.jobs.submit({ request, draft, idempotency: null, requestId: "test", requests: [] });
    return job.id;
  }

  /** Returns the states of a job, when its events have ended. */
  async states(id: string): Promise<readonly string[]> {
    const states: string[] = [];
    for await (const event of this.jobs.events(id, undefined, new AbortController().signal) ?? noEvents) {
      if (event?.name === "job") states.push(event.data.state);
    }
    return states;
  }

  /** The record of a job on disk. */
  record(id: string): Job {
    return JSON.parse(readFileSync(join(this.#folder, "jobs", id, "job.json"), "utf8")) as Job;
  }

  /** Puts a folder between the images of a job, where only files can be deleted. */
  addFolder(id: string): void {
    mkdirSync(join(this.#folder, "jobs", id, "uploads", "folder"));
  }

  /** Writes a copy of a job. */
  copy(id: string, as: string): void {
    const folder = join(this.#folder, "jobs");
    cpSync(join(folder, id), join(folder, as), { recursive: true });
    writeFileSync(join(folder, as, "job.json"), JSON.stringify({ ...this.record(id), id: as }));
  }

  async close(): Promise<void> {
    await this.jobs.close(AbortSignal.abort());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    await this.close();
    await (await this.#pipeline).close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const noEvents: readonly JobEvent[] = [];

test("jobs that end while another one deletes old jobs stay completed", { timeout: 60_000 }, async () => {
  await using held = new HeldEnds();
  await held.open();
  const old = await held.submit(1);
  assert.equal((await held.states(old)).at(-1), "completed");
  await held.close();
  for (let at = 0; at < 50; at += 1) held.copy(old, `0000000${String(at).padStart(2, "0")}`);
  await held.open();
  held.hold();
  const ids = [await held.submit(2), await held.submit(3)];
  await held.ending(2);
  held.letGo();
  for (const id of ids) assert.equal((await held.states(id)).at(-1), "completed");
  await held.close();
  await held.open();
  const found = held.jobs.list();
  assert.deepEqual(found.map(({ id, state }) => [id, state]).sort(), ids.map((id) => [id, "completed"]).sort());
});

test("files that cannot be deleted after its end leave a job completed", { timeout: 60_000 }, async () => {
  await using held = new HeldEnds();
  await held.open();
  held.hold();
  const id = await held.submit(1);
  await held.ending(1);
  held.addFolder(id);
  held.letGo();
  await held.states(id);
  // Waits until all is deleted.
  await held.close();
  assert.equal(held.jobs.get(id).state, "completed");
});

test("a cancel that comes after the run of a job leaves it completed", { timeout: 60_000 }, async () => {
  await using held = new HeldEnds();
  await held.open();
  held.hold();
  const id = await held.submit(1);
  await held.ending(1);
  const cancelled = held.jobs.cancel(id);
  held.letGo();
  await cancelled;
  assert.deepEqual(await held.states(id), ["queued", "running", "stopping", "completed"]);
  await held.close();
  assert.equal(held.record(id).state, "completed");
});

test("a job that was cancelled when its server crashed has ended for its watchers, and its images are deleted", {
  timeout: 60_000,
}, async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const id = await send(jobs, 1);
  await jobs.ended(id);
  await server.stop();
  const folder = join(server.dataFolder, "jobs", id);
  const record = JSON.parse(readFileSync(join(folder, "job.json"), "utf8"));
  writeFileSync(join(folder, "job.json"), JSON.stringify({ ...record, state: "stopping", endedAt: null }));
  writeFileSync(join(folder, "uploads", "a".repeat(64)), image(2));
  writeFileSync(join(folder, "lines.jsonl"), "");
  await server.restart();
  assert.equal((await jobs.watch(id)).at(-1)?.data.state, "cancelled");
  assert.deepEqual(readdirSync(join(folder, "uploads")), []);
  assert.equal(existsSync(join(folder, "lines.jsonl")), false);
});

test("a damaged record of one job leaves the others as they are", async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const ids: string[] = [];
  for (const value of [1, 2, 3, 4]) {
    ids.push(await send(jobs, value));
    await jobs.ended(ids.at(-1) ?? "");
  }
  const [whole = "", ...damaged] = ids;
  await server.stop();
  const pathOf = (id: string): string => join(server.dataFolder, "jobs", id, "job.json");
  const texts = [readFileSync(pathOf(whole), "utf8").slice(0, 100), "null", '{"version":1}'];
  for (const [at, id] of damaged.entries()) writeFileSync(pathOf(id), texts[at] ?? "");
  await server.restart();
  const { body } = await server.get("/v1/jobs");
  assert.deepEqual(
    body.jobs.map(({ id }: Job) => id),
    [whole],
  );
  assert.equal(server.logged.filter(({ event }) => event === "job left alone").length, 3);
  assert.equal((await jobs.ended(await send(jobs, 5))).state, "completed");
});
