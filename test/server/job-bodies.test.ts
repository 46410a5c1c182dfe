/** Bodies of jobs that are too much, or that nobody works on: neither memory nor disk keeps them. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { ImageEmbeddingPipeline } from "../../src/app/index.js";
import { waitUntil } from "../support/services/process.js";
import { JobServer } from "./job-server.js";
import { image } from "./running.js";

test("a multipart body with an unknown field is refused before the rest of it arrives", { timeout: 30_000 }, async () => {
  await using jobs = await JobServer.start();
  const part = '--x\r\nContent-Disposition: form-data; name="junk"\r\n\r\nhello\r\n--x\r\n';
  const head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000000";
  const answer = await jobs.server.raw(`${head}\r\n\r\n${part}`);
  assert.match(answer, /^HTTP\/1\.1 422 /);
  assert.match(answer, /"code":"request_invalid".*collection, options, ids, metadata/);
});

test("a multipart body has each of its fields once, so that repeated ones do not fill the memory", async () => {
  await using jobs = await JobServer.start();
  const send = (count: number) => {
    const form = new FormData();
    for (let at = 0; at < count; at += 1) form.append("collection", "pets");
    form.append("images", new Blob([Buffer.from(image(1))]), "1.jpg");
    return jobs.server.send("POST", "/v1/jobs", { body: form });
  };
  for (const count of [2, 300]) {
    const { status, body } = await send(count);
    assert.deepEqual([status, body.code], [422, "request_invalid"], `${count} fields`);
  }
  assert.equal((await send(1)).status, 202);
});

test("every form has each of its fields once, so that nobody has to guess which of two counts", async () => {
  await using jobs = await JobServer.start();
  const ways: readonly (readonly [path: string, field: string, value: string])[] = [
    ["/v1/collections/pets/images", "metadata", "[null]"],
    ["/v1/collections/pets/search", "top_k", "5"],
    ["/v1/embed", "encoding", "base64"],
  ];
  for (const [path, field, value] of ways) {
    for (const [count, expected] of [
      [1, 200],
      [2, 422],
    ] as const) {
      const form = new FormData();
      for (let at = 0; at < count; at += 1) form.append(field, value);
      form.append("images", new Blob([Buffer.from(image(1))]), "1.jpg");
      const { status, body } = await jobs.server.send("POST", path, { body: form });
      assert.equal(status, expected, `${path}: ${JSON.stringify(body)}`);
    }
  }
});

const draftsIn = (dataFolder: string): readonly string[] => {
  const folder = join(dataFolder, "jobs");
  return readdirSync(folder).flatMap((name) => (name.startsWith(".draft-") ? [join(folder, name)] : []));
};

/** Calls `before` before each call of one method of the pipeline. */
const wrapped =
  (method: keyof ImageEmbeddingPipeline, before: () => Promise<void>) =>
  (pipeline: ImageEmbeddingPipeline): ImageEmbeddingPipeline =>
    new Proxy(pipeline, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== method) return value.bind(target);
        return async (...args: unknown[]) => {
          await before();
          return value.apply(target, args);
        };
      },
    });

test("a request without a body may name the type of a body", async () => {
  await using jobs = await JobServer.start();
  const { id } = (await jobs.server.upload("/v1/jobs", [image(1)], { collection: "pets" })).body;
  await jobs.ended(id);
  const headers = { "content-type": "application/json" };
  assert.equal((await jobs.server.send("POST", `/v1/jobs/${id}/cancel`, { headers })).status, 202);
  const retry = await jobs.server.send("POST", `/v1/jobs/${id}/retry`, { headers });
  assert.equal(retry.status, 202);
  await jobs.ended(retry.body.id);
  assert.equal((await jobs.server.send("DELETE", `/v1/jobs/${id}`, { headers })).status, 204);
  assert.equal((await jobs.server.send("DELETE", "/v1/collections/pets", { headers })).status, 204);
  const { status, body } = await jobs.server.send("POST", "/v1/jobs", { headers });
  assert.deepEqual([status, body.code], [400, "json_invalid"]);
});

test("a data URL with a damaged percent-encoding is refused", async () => {
  await using jobs = await JobServer.start();
  const { status, body } = await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ url: "data:image/png,%zz" }] });
  assert.deepEqual([status, body.code], [422, "request_invalid"]);
  assert.match(body.detail, /%/);
});

test("an upload whose turn does not come in time leaves no files", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const wrap = wrapped("listCollections", () => held);
  await using jobs = await JobServer.start({ server: { maxConcurrent: 1, requestTimeout: 1 }, wrap });
  // Its client has an answer, but its work goes on.
  assert.equal((await jobs.server.get("/v1/collections")).body.code, "deadline_passed");
  const { status, body } = await jobs.server.upload("/v1/jobs", [image(1)], { collection: "pets" });
  assert.deepEqual([status, body.code], [503, "deadline_passed"]);
  await waitUntil("the upload is deleted", async () => draftsIn(jobs.server.dataFolder).length === 0, { timeoutMs: 20_000 });
  letGo();
});

test("an upload whose job cannot be written leaves no files", async () => {
  let isFull = false;
  let dataFolder = "";
  const wrap = wrapped("countIds", async () => {
    // The record of the job is written to this place.
    if (isFull) for (const draft of draftsIn(dataFolder)) mkdirSync(join(draft, "job.json"));
  });
  await using jobs = await JobServer.start({ wrap });
  dataFolder = jobs.server.dataFolder;
  isFull = true;
  const { status } = await jobs.server.upload("/v1/jobs", [image(1)], { collection: "pets" });
  assert.equal(status, 500);
  assert.deepEqual(draftsIn(dataFolder), []);
  assert.deepEqual((await jobs.server.get("/v1/jobs")).body.jobs, []);
  isFull = false;
  assert.equal((await jobs.server.upload("/v1/jobs", [image(1)], { collection: "pets" })).status, 202);
});

test("the images of all jobs share the disk: what stays for a retry counts, also after a restart, until its job is deleted", async () => {
  await using jobs = await JobServer.start({ server: { maxJobsMb: 1, maxJobMb: 10 } });
  const { server } = jobs;
  const damaged = (seed: number): Buffer => Buffer.alloc(700_000, seed).fill(0xff, 0, 1);
  const send = (bytes: Buffer) => server.upload("/v1/jobs", [bytes], { collection: "pets" });
  const isFull = async (): Promise<void> => {
    const { status, body } = await send(damaged(2));
    assert.deepEqual([status, body.code], [503, "jobs_full"]);
    assert.deepEqual(draftsIn(server.dataFolder), []);
  };
  const first = (await send(damaged(1))).body;
  assert.equal((await jobs.ended(first.id)).counts.failed, 1);
  await isFull();
  await server.stop();
  await server.restart();
  await isFull();
  assert.equal((await server.send("DELETE", `/v1/jobs/${first.id}`)).status, 204);
  assert.equal((await send(damaged(2))).status, 202);
});

test("images without bytes take disk too", async () => {
  await using jobs = await JobServer.start({ server: { maxJobsMb: 1 } });
  const send = (count: number) =>
    jobs.server.upload(
      "/v1/jobs",
      Array.from({ length: count }, () => Buffer.alloc(0)),
      { collection: "pets" },
    );
  assert.equal((await send(300)).body.code, "jobs_full");
  assert.equal((await send(3)).status, 202);
});

/** Sends the beginning of an upload, then more of it every 100 ms, and returns the whole answer. */
async function trickled({ url }: { readonly url: string }, { chunk, chunks }: { readonly chunk: number; readonly chunks: number }) {
  const head = '--x\r\nContent-Disposition: form-data; name="collection"\r\n\r\npets\r\n';
  const start = `${head}--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n`;
  const end = "\r\n--x--\r\n";
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const answer = text(socket);
  const length = start.length + chunk * chunks + end.length;
  const headers = `Host: localhost\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: ${length}`;
  socket.write(`POST /v1/jobs HTTP/1.1\r\n${headers}\r\n\r\n${start}`);
  for (let sent = 0; sent < chunks && socket.writable; sent += 1) {
    socket.write(Buffer.alloc(chunk, 1));
    await setTimeout(100);
  }
  if (socket.writable) socket.write(end);
  return answer;
}

test("an upload to a job may take longer than other bodies while it arrives, and one that stalls is ended", async () => {
  await using jobs = await JobServer.start({ server: { bodyTimeout: 3 } });
  assert.match(await trickled(jobs.server, { chunk: 60_000, chunks: 45 }), /^HTTP\/1\.1 202 /);
  assert.match(await trickled(jobs.server, { chunk: 10, chunks: 45 }), /^HTTP\/1\.1 408 [\s\S]*"code":"body_too_slow"/);
  const drafts = async (): Promise<boolean> => draftsIn(jobs.server.dataFolder).length === 0;
  await waitUntil("nothing of the upload stays", drafts, { timeoutMs: 30_000 });
});
