/** Jobs outlive the server: a process that is killed with -9 in the middle of them, and its successor. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../support/services/process.js";
import { endOf, eventsOf, type KillableServer, start } from "./killable-server.js";

const mebibyte = 2 ** 20;
const perJob = 400;
/** Thousands of rows in the snapshot. */
const vectorRounds = 20;
const soon = { timeoutMs: 60_000, everyMs: 5 };
/** The first server takes 12 seconds for a job, so that no job ends before each has begun. */
const slowBatchMs = 250;

test("a server killed during three jobs finishes them after its restart, with exact counts", { timeout: 180_000 }, async ({ signal }) => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-kill-server-"));
  const [data, root] = [join(folder, "data"), join(folder, "photos")];
  const photos = folderOfImages(root);
  let server = await start(signal, data, photos, slowBatchMs);
  try {
    for (const name of ["first", "second"]) await server.post("/v1/collections", { name });
    const lines = Array.from({ length: perJob }, (_, at) =>
      JSON.stringify({ base64: bytesOf(at, 9).toString("base64"), id: `sent-${at}` }),
    );
    const ids = [
      (await server.post("/v1/jobs", { collection: "first", sources: [photos] })).id,
      (await server.post("/v1/jobs", { collection: "second", sources: [photos] })).id,
      (await server.send("/v1/jobs?collection=second", lines.join("\n"), "application/x-ndjson")).id,
    ];
    await Promise.all(ids.map((id) => storedSome(server, id)));
    server.child.kill("SIGKILL");
    await once(server.child, "exit");

    server = await start(signal, data, photos, 0);
    const jobs = await Promise.all(ids.map((id) => endOf(server, id)));
    const damaged = [1, 1, 0];
    for (const [at, job] of jobs.entries()) {
      assert.deepEqual([job.state, job.attempts], ["completed", 2]);
      const { read, stored, reused, skipped, failed, abandoned } = job.counts;
      assert.deepEqual([read, failed, abandoned], [perJob + (damaged[at] ?? 0), damaged[at], 0]);
      assert.equal(stored + skipped, perJob);
      assert.ok(skipped + reused > 0, "the first attempt had stored some images");
      assert.ok(skipped + reused < perJob, "the second attempt had something to do");
      const { failures } = await server.get(`/v1/jobs/${job.id}/failures`);
      assert.equal(failures.length, damaged[at], "failures are not counted twice");
    }
    assert.equal((await server.get("/v1/collections/first")).count, perJob);
    assert.equal((await server.get("/v1/collections/second")).count, 2 * perJob);
  } finally {
    server.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a server killed during an export and an import has the whole snapshot and all rows after its restarts", {
  timeout: 180_000,
}, async ({ signal }) => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-kill-snapshot-"));
  const data = join(folder, "data");
  const photos = folderOfImages(join(folder, "photos"));
  let server = await start(signal, data, photos, 0);
  const killed = async (): Promise<void> => {
    server.child.kill("SIGKILL");
    await once(server.child, "exit");
    server = await start(signal, data, photos, 0);
  };
  try {
    for (const name of ["first", "second"]) await server.post("/v1/collections", { name });
    for (let round = 0; round < vectorRounds; round += 1) {
      const body = { embedder: "memory, 16 dimensions", vectors: vectorsOf(round) };
      assert.equal((await server.post("/v1/collections/first/vectors", body)).stored, 1000);
    }
    const { id } = await server.post("/v1/jobs", { kind: "export", collection: "first" });
    const filesOf = (): readonly string[] => readdirSync(join(data, "jobs", id)).filter((name) => name.startsWith("snapshot"));
    await waitUntil("the file of the snapshot", async () => filesOf().length > 0, soon);
    await killed();
    const made = await endOf(server, id);
    assert.deepEqual([made.state, made.counts.stored, filesOf()], ["completed", vectorRounds * 1000, ["snapshot.parquet"]]);

    const copy = await server.post("/v1/jobs", { kind: "import", collection: "second", snapshot_of: id });
    await waitUntil("a row of the snapshot", async () => (await server.get("/v1/collections/second/count")).count > 0, soon);
    await killed();
    const { state, counts } = await endOf(server, copy.id);
    assert.deepEqual([state, counts.failed, counts.stored + counts.skipped], ["completed", 0, vectorRounds * 1000]);
    const pageOf = (name: string) => server.get(`/v1/collections/${name}/images?pick=all&limit=100&vector=float`);
    assert.deepEqual(await pageOf("second"), await pageOf("first"));
    assert.equal((await server.get("/v1/collections/second/count")).count, vectorRounds * 1000);
  } finally {
    server.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a server killed while a part arrives has all that it has told, and the upload goes on after its restart", {
  timeout: 180_000,
}, async ({ signal }) => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-kill-upload-"));
  const data = join(folder, "data");
  const photos = folderOfImages(join(folder, "photos"));
  let server = await start(signal, data, photos, 0);
  try {
    await server.post("/v1/collections", { name: "first" });
    const bytes = randomBytes(40 * mebibyte);
    bytes[0] = 1;
    const ask = (path: string, method: string, more: Record<string, string>, body: Buffer | null = null) =>
      fetch(`${server.url}${path}`, { method, headers: { "tus-resumable": "1.0.0", ...more }, body });
    const begun = await ask("/v1/uploads", "POST", { "upload-length": String(bytes.length) });
    const { id } = (await begun.json()) as { readonly id: string };
    const path = `/v1/uploads/${id}`;
    const record = join(data, "jobs", ".uploads", id, "upload.json");
    const recorded = (): number => JSON.parse(readFileSync(record, "utf8")).offsetBytes;

    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    const partType = "application/offset+octet-stream";
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nContent-Type: ${partType}\r\nUpload-Offset: 0\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    );
    socket.write(bytes.subarray(0, 30 * mebibyte));
    await waitUntil("bytes that are recorded", async () => recorded() > 0, soon);
    server.child.kill("SIGKILL");
    await once(server.child, "exit");
    socket.destroy();
    const told = recorded();
    assert.ok(told > 0 && told <= 30 * mebibyte, `${told} bytes`);

    server = await start(signal, data, photos, 0);
    const at = Number((await ask(path, "HEAD", {})).headers.get("upload-offset"));
    assert.equal(at, told);
    const rest = await ask(path, "PATCH", { "upload-offset": String(at), "content-type": partType }, bytes.subarray(at));
    assert.deepEqual([rest.status, rest.headers.get("upload-offset")], [204, String(bytes.length)]);
    const { state, counts } = await endOf(server, (await server.post("/v1/jobs", { collection: "first", images: [{ upload: id }] })).id);
    assert.deepEqual([state, counts.stored], ["completed", 1]);
    const { images } = await server.get("/v1/collections/first/images");
    assert.equal(images[0].content, createHash("sha256").update(bytes).digest("hex"), "the bytes arrived as they are");
  } finally {
    server.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

function vectorsOf(round: number): readonly object[] {
  return Array.from({ length: 1000 }, (_, at) => ({
    source: `https://example.com/${round}/${at}.jpg`,
    vector: Array.from({ length: 16 }, (_, place) => Math.sin(round * 1000 + at + place * 7)),
  }));
}

/** Resolves when the job has stored some of its images, but not all. */
async function storedSome(server: KillableServer, id: string): Promise<void> {
  for await (const { counts } of eventsOf(server, id)) {
    assert.ok(counts.stored < perJob, "the job is not faster than the test");
    if (counts.stored > 0) return;
  }
}

/** A folder of images for the fake decoder, and one that it reports as damaged. */
function folderOfImages(root: string): string {
  const folder = mkdtempSync(`${root}-`);
  for (let at = 0; at < perJob; at += 1) writeFileSync(join(folder, `${at}.jpg`), bytesOf(at, 1));
  writeFileSync(join(folder, "damaged.jpg"), Uint8Array.of(0xff));
  return folder;
}

function bytesOf(at: number, kind: number): Buffer {
  return Buffer.of(kind, at % 256, Math.floor(at / 256));
}
