/** Jobs over HTTP: what they take, how they are watched, stopped and tried again. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as wire from "../../src/server/wire/wire-jobs.js";
import { waitUntil } from "../support/services/process.js";
import { JobServer } from "./job-server.js";
import { base64, damaged, image } from "./running.js";

test("a job ingests a folder: events show it, the report and the failures remain", async () => {
  await using jobs = await JobServer.start();
  for (let at = 0; at < 20; at += 1) jobs.put(`${at}.jpg`, image(at));
  jobs.put("damaged.jpg", Uint8Array.of(0xff, 1));
  const { status, body, headers } = await jobs.server.post("/v1/jobs", { collection: "pets", sources: [jobs.folder] });
  assert.equal(status, 202);
  assert.equal(headers.get("location"), `/v1/jobs/${body.id}`);
  const events = await jobs.watch(body.id);
  const last = events.at(-1)?.data;
  assert.equal(last.state, "completed");
  assert.deepEqual(last.counts, { read: 21, stored: 20, reused: 0, skipped: 0, failed: 1, abandoned: 0 });
  assert.equal(last.total, 21);
  const picture = events.find(({ event }) => event === "picture")?.data;
  for (const { event, data } of events) assert.deepEqual((event === "job" ? wire.job : wire.picture).parse(data), data);
  assert.deepEqual(picture.failures_by_code, { image_corrupt: 1 });
  assert.equal(picture.recent_failures[0].problem.code, "image_corrupt");
  assert.ok(picture.stages.some(({ name }: { name: string }) => name === "embed"));
  const { failures, next_offset } = (await jobs.server.get(`/v1/jobs/${body.id}/failures`)).body;
  assert.equal(failures.length, 1);
  assert.match(failures[0].source, /damaged\.jpg$/);
  assert.equal(next_offset, null);
  const result = (await jobs.server.get(`/v1/jobs/${body.id}/result`)).body;
  assert.deepEqual(wire.jobResult.parse(result), result);
  assert.deepEqual([result.ended, result.stored, result.failed], ["completed", 20, 1]);
  assert.equal(await jobs.count(), 20);
  assert.deepEqual(
    (await jobs.server.get("/v1/jobs?state=completed")).body.jobs.map(({ id }: { id: string }) => id),
    [body.id],
  );
});

test("events continue after the last one that the client has, and end with 204", async () => {
  await using jobs = await JobServer.start();
  jobs.put("1.jpg", image(1));
  const { id } = (await jobs.server.post("/v1/jobs", { collection: "pets", sources: ["1.jpg"] })).body;
  await jobs.ended(id);
  // Who watches while the job runs may see more pictures than the last one, which is kept.
  const events = await jobs.watch(id);
  assert.ok(events.length >= 3, "queued, running, completed");
  assert.deepEqual(await jobs.watch(id, events[0]?.id), events.slice(1));
  assert.deepEqual(await jobs.watch(id, "before-1"), events, "an unknown id gets all events that are kept");
  const nothing = await fetch(`${jobs.server.url}/v1/jobs/${id}/events`, { headers: { "last-event-id": events.at(-1)?.id ?? "" } });
  assert.equal(nothing.status, 204);
});

test("images in the request are kept by content until the job ends", async () => {
  await using jobs = await JobServer.start();
  const images = [
    { base64: base64(1), id: "one", metadata: { year: 2024 } },
    { url: `data:image/png;base64,${base64(2)}` },
    { base64: damaged },
  ];
  const sent = await jobs.server.post("/v1/jobs", { collection: "pets", images });
  const job = await jobs.ended(sent.body.id);
  assert.deepEqual([job.given, job.counts.stored, job.counts.failed], [3, 2, 1]);
  const { hits } = (await jobs.server.post("/v1/collections/pets/search", { base64: base64(1), top_k: 1 })).body;
  assert.deepEqual([hits[0].id, hits[0].metadata], ["one", { year: 2024 }]);
  assert.match(hits[0].source, /^sha256:[0-9a-f]{64}$/);
  const again = await jobs.server.post("/v1/collections/pets/images", { images: [{ base64: base64(2) }] });
  assert.equal(again.body.unchanged + again.body.stored, 1);
  assert.equal(await jobs.count(), 2, "the same bytes are the same image, however they are sent");
  const { failures } = (await jobs.server.get(`/v1/jobs/${job.id}/failures`)).body;
  const uploads = readdirSync(join(jobs.server.dataFolder, "jobs", job.id, "uploads"));
  assert.deepEqual(
    uploads.map((name) => `sha256:${name}`),
    failures.map(({ source }: { source: string }) => source),
    "only the image that failed is still kept",
  );
});

test("JSON lines and multipart bodies may have more images and bytes than one request for insertion", async () => {
  await using jobs = await JobServer.start({ server: { maxImages: 10, maxBodyMb: 1 } });
  const lines = Array.from({ length: 500 }, (_, at) => JSON.stringify({ base64: base64(at % 250), id: `line-${at}` }));
  const stream = await jobs.server.send("POST", "/v1/jobs?collection=pets", {
    body: `${lines.join("\n")}\n`,
    headers: { "content-type": "application/x-ndjson" },
  });
  assert.equal(stream.status, 202);
  assert.deepEqual((await jobs.ended(stream.body.id)).counts.stored, 500);
  const files = Array.from({ length: 40 }, (_, at) => Uint8Array.of(at, 7, ...new Uint8Array(100_000)));
  const upload = await jobs.server.upload("/v1/jobs", files, {
    collection: "pets",
    ids: JSON.stringify(files.map((_, at) => `file-${at}`)),
  });
  assert.equal(upload.status, 202);
  assert.equal((await jobs.ended(upload.body.id)).counts.stored, 40);
  assert.equal(await jobs.count(), 540);
  const bad = await jobs.server.send("POST", "/v1/jobs?collection=pets", {
    body: `${lines[0]}\n{"id": "no image"}\n`,
    headers: { "content-type": "application/x-ndjson" },
  });
  assert.deepEqual([bad.status, bad.body.code], [422, "request_invalid"]);
  assert.match(bad.body.detail, /^line 2/);
  assert.deepEqual(
    readdirSync(join(jobs.server.dataFolder, "jobs")).filter((name) => name.startsWith(".draft")),
    [],
    "nothing of it is kept",
  );
});

test("a manifest and links in an allowed folder do not lead out of it", async () => {
  await using jobs = await JobServer.start();
  const outside = mkdtempSync(join(tmpdir(), "headrace-outside-"));
  writeFileSync(join(outside, "secret.jpg"), image(9));
  symlinkSync(join(outside, "secret.jpg"), join(jobs.folder, "link.jpg"));
  jobs.put("inside.jpg", image(1));
  jobs.put("list.jsonl", `{"input": "inside.jpg"}\n{"input": "${join(outside, "secret.jpg")}"}\n`);
  try {
    for (const source of [
      outside,
      join(outside, "*.jpg"),
      `${jobs.folder}/../**/*.jpg`,
      "../",
      "file:///etc/passwd",
      "s3://bucket/a",
      "tar:///a.tar#b",
    ]) {
      const { status, body } = await jobs.server.post("/v1/jobs", { collection: "pets", sources: [source] });
      assert.deepEqual([status, body.code], [422, "path_refused"], source);
    }
    const { id } = (await jobs.server.post("/v1/jobs", { collection: "pets", sources: [jobs.folder, "list.jsonl"] })).body;
    const job = await jobs.ended(id);
    assert.deepEqual([job.counts.stored, job.counts.failed], [1, 2]);
    const { failures } = (await jobs.server.get(`/v1/jobs/${id}/failures`)).body;
    assert.deepEqual(
      failures.map(({ problem }: { problem: { code: string } }) => problem.code),
      ["source_forbidden", "source_forbidden"],
    );
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("a retry is a job of its own, with the failures of another job that still exist", async () => {
  await using jobs = await JobServer.start();
  jobs.put("good.jpg", image(1));
  const path = jobs.put("bad.jpg", Uint8Array.of(0xff, 1));
  const first = await jobs.ended((await jobs.server.post("/v1/jobs", { collection: "pets", sources: [jobs.folder] })).body.id);
  assert.deepEqual([first.counts.stored, first.counts.failed], [1, 1]);
  writeFileSync(path, image(2));
  const other = await jobs.ended((await jobs.server.post(`/v1/jobs/${first.id}/retry`, { codes: ["timed_out"] })).body.id);
  assert.equal(other.counts.read, 0);
  const retry = await jobs.ended((await jobs.server.post(`/v1/jobs/${first.id}/retry`, {})).body.id);
  assert.deepEqual([retry.kind, retry.retry_of, retry.state, retry.counts.stored], ["retry", first.id, "completed", 1]);
  assert.equal(await jobs.count(), 2);
  assert.equal((await jobs.server.send("DELETE", `/v1/jobs/${first.id}`)).status, 204);
  assert.equal((await jobs.server.get(`/v1/jobs/${first.id}`)).body.code, "job_not_found");
});

test("a retry reads no image outside the allowed folders, though a link has taken the place of the one that failed", async () => {
  await using jobs = await JobServer.start();
  const outside = mkdtempSync(join(tmpdir(), "headrace-outside-"));
  try {
    const path = jobs.put("bad.jpg", Uint8Array.of(0xff, 1));
    const sent = { collection: "pets", sources: [jobs.folder] };
    const first = await jobs.ended((await jobs.server.post("/v1/jobs", sent)).body.id);
    assert.equal(first.counts.failed, 1);
    writeFileSync(join(outside, "secret.jpg"), image(2));
    rmSync(path);
    symlinkSync(join(outside, "secret.jpg"), path);
    const retry = await jobs.ended((await jobs.server.post(`/v1/jobs/${first.id}/retry`, {})).body.id);
    assert.deepEqual([retry.counts.stored, retry.counts.failed], [0, 1]);
    const { body } = await jobs.server.get(`/v1/jobs/${retry.id}/failures`);
    assert.equal(body.failures[0].problem.code, "source_forbidden");
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("globs that take seconds for each name are refused, and usual ones are not", async () => {
  await using jobs = await JobServer.start();
  jobs.put(`${"a".repeat(200)}.jpg`, image(1));
  for (const glob of ["*?*?*?*?*?*?*Z", "*a*a*a*a*Z", "*(a*)Z", "+(a|aa)*", "sub/*a*a*a*/b.jpg"]) {
    const { status, body } = await jobs.server.post("/v1/jobs", { collection: "pets", sources: [glob] });
    assert.deepEqual([status, body.code], [422, "request_invalid"], glob);
  }
  for (const glob of ["*.jpg", "**/*a*.jpg", "{a,b}*.{jpg,png}", "(a|b)*.jpg"]) {
    const { id } = (await jobs.server.post("/v1/jobs", { collection: "pets", sources: [glob] })).body;
    assert.equal((await jobs.ended(id)).counts.read, 1, glob);
  }
});

test("ranges in URLs that stand for billions of images are refused at once", async () => {
  await using jobs = await JobServer.start();
  for (const sources of [
    ["https://example.com/{0..999999999}.jpg"],
    ["https://example.com/{0..999999999}{0..999999999}.jpg"],
    Array.from({ length: 3 }, (_, at) => `http://example.com/${at}/{000000..499999}.jpg`),
  ]) {
    const { status, body } = await jobs.server.post("/v1/jobs", { collection: "pets", sources });
    assert.deepEqual([status, body.code], [422, "request_invalid"], sources[0]);
    assert.match(body.detail, /at most 1000000 URLs/);
  }
});

test("a request with the same Idempotency-Key gets the same job, and another request gets none", async () => {
  await using jobs = await JobServer.start();
  const send = (images: object[], key = "import-1") =>
    jobs.server.post("/v1/jobs", { collection: "pets", images }, { "idempotency-key": key });
  const sent = await Promise.all(Array.from({ length: 10 }, () => send([{ base64: base64(1) }])));
  assert.deepEqual(sent.map(({ status }) => status).sort(), [...Array(9).fill(200), 202]);
  assert.equal(new Set(sent.map(({ body }) => body.id)).size, 1);
  const other = await send([{ base64: base64(2) }]);
  assert.deepEqual([other.status, other.body.code], [422, "idempotency_conflict"]);
  assert.equal((await send([{ base64: base64(2) }], "import-2")).status, 202);
});

test("a job whose collection is deleted while it waits fails, and does not create the collection again", async () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  await using jobs = await JobServer.start({ server: { jobsAtOnce: 1 }, embedder: { work: () => opened } });
  await jobs.server.post("/v1/collections", { name: "other" });
  const send = async (collection: string): Promise<string> =>
    (await jobs.server.post("/v1/jobs", { collection, images: [{ base64: base64(1) }] })).body.id;
  const [first, second] = [await send("other"), await send("pets")];
  assert.equal((await jobs.server.send("DELETE", "/v1/collections/pets")).status, 204);
  open();
  assert.equal((await jobs.ended(first)).state, "completed");
  const { state, error } = await jobs.ended(second);
  assert.deepEqual([state, error.code], ["failed", "collection_not_found"]);
  assert.equal((await jobs.server.get("/v1/collections/pets")).status, 404);
});

test("only so many jobs run at once and wait; cancelled ones end", async () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isHeld = false;
  const work = async (): Promise<void> => (isHeld ? opened : undefined);
  await using jobs = await JobServer.start({ server: { jobsAtOnce: 1, maxWaitingJobs: 1 }, embedder: { work } });
  const send = (value: number) => jobs.server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(value) }] });
  await jobs.ended((await send(1)).body.id);
  isHeld = true;
  const running = (await send(2)).body.id;
  const waiting = (await send(3)).body.id;
  const refused = await send(4);
  assert.deepEqual([refused.status, refused.body.code, refused.headers.get("retry-after")], [503, "jobs_full", "1"]);
  assert.equal((await jobs.server.get(`/v1/jobs/${waiting}`)).body.state, "queued");
  assert.equal((await jobs.server.send("DELETE", `/v1/jobs/${running}`)).body.code, "job_active");
  assert.equal((await jobs.server.post(`/v1/jobs/${waiting}/cancel`, {})).body.state, "cancelled");
  assert.equal((await jobs.server.post(`/v1/jobs/${running}/cancel`, {})).body.state, "stopping");
  open();
  assert.ok(["cancelled", "completed"].includes((await jobs.ended(running)).state));
});

test("a job that runs says what it has counted so far, alone and in the list", async () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isHeld = false;
  await using jobs = await JobServer.start({ embedder: { work: async () => (isHeld ? opened : undefined) } });
  await jobs.ended((await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(100) }] })).body.id);
  isHeld = true;
  for (let at = 0; at < 20; at += 1) jobs.put(`${at}.jpg`, image(at));
  const { id } = (await jobs.server.post("/v1/jobs", { collection: "pets", sources: [jobs.folder] })).body;
  const now = async () => (await jobs.server.get(`/v1/jobs/${id}`)).body;
  await waitUntil("images are read", async () => (await now()).counts.read > 0, { timeoutMs: 30_000 });
  const { state, counts } = await now();
  assert.deepEqual([state, counts.stored], ["running", 0]);
  assert.ok((await jobs.server.get("/v1/jobs")).body.jobs[0].counts.read > 0);
  open();
  assert.equal((await jobs.ended(id)).counts.stored, 20);
  assert.deepEqual((await now()).counts, { read: 20, stored: 20, reused: 0, skipped: 0, failed: 0, abandoned: 0 });
});

test("a stop parks running jobs, and the next server finishes them", async () => {
  let isHeld = false;
  const events = new EventTarget();
  const entered = new Promise((resolve) => events.addEventListener("entered", resolve, { once: true }));
  const work = async (_rows: number, signal: AbortSignal): Promise<void> => {
    if (!isHeld) return;
    events.dispatchEvent(new Event("entered"));
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  };
  await using jobs = await JobServer.start({ server: { drainTimeout: 0.1 }, embedder: { work } });
  await jobs.ended((await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(1) }] })).body.id);
  isHeld = true;
  const images = Array.from({ length: 50 }, (_, at) => ({ base64: base64(at + 2) }));
  const { id } = (await jobs.server.post("/v1/jobs", { collection: "pets", images })).body;
  const watched = jobs.watch(id);
  await entered;
  await jobs.server.stop();
  assert.equal((await watched).at(-1)?.data.state, "queued", "the stream of events ends, too");
  isHeld = false;
  await jobs.server.restart();
  const job = await jobs.ended(id);
  assert.deepEqual([job.state, job.attempts, job.counts.read], ["completed", 2, 50]);
  assert.equal(job.counts.stored + job.counts.skipped, 50);
  assert.equal(await jobs.count(), 51);
});

test("a server whose data folder cannot be used answers everything but jobs", async () => {
  await using jobs = await JobServer.start();
  await jobs.server.stop();
  rmSync(join(jobs.server.dataFolder, "jobs"), { recursive: true });
  writeFileSync(join(jobs.server.dataFolder, "jobs"), "a file");
  await jobs.server.restart();
  const { status, body } = await jobs.server.get("/v1/jobs");
  assert.deepEqual([status, body.code], [503, "not_ready"]);
  assert.equal((await jobs.server.get("/v1/collections/pets")).status, 200);
  assert.ok(jobs.server.logged.some(({ event }) => event === "jobs fail"));
});

test("a second server with the same data folder runs no jobs until the first has ended", async () => {
  await using jobs = await JobServer.start();
  const first = jobs.server.stop;
  const sent = await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(1) }] });
  await jobs.ended(sent.body.id);
  await jobs.server.restart();
  assert.equal((await jobs.server.get("/v1/jobs")).body.code, "not_ready");
  await first(new AbortController().signal);
  while ((await jobs.server.get("/v1/jobs")).status === 503) await jobs.server.get("/health/live");
  assert.equal((await jobs.server.get(`/v1/jobs/${sent.body.id}`)).body.state, "completed");
});
