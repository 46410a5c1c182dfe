/** Images that are sent to the server are kept, so that their pictures can be shown, until no row names them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import type { MemoryEmbedderOptions } from "../../src/adapters/memory/index.js";
import { HeadraceError } from "../../src/contracts/index.js";
import { waitUntil } from "../support/services/process.js";
import { TestServer } from "./running.js";

const golden = resolve("test", "fidelity", "golden");
// The decoder of these servers takes a first byte of 0xff, as JPEG has it, for damage.
const [chelsea, brick, camera] = await Promise.all(
  ["chelsea-portrait.png", "brick.png", "camera.png"].map((name) => readFile(join(golden, name))),
);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function serverWith(collections: readonly string[], keepUploadsMb = 1024, embedder: MemoryEmbedderOptions = {}): Promise<TestServer> {
  const server = await TestServer.start({ server: { keepUploadsMb }, embedder });
  for (const name of collections) await server.post("/v1/collections", { name });
  return server;
}

const send = (server: TestServer, collection: string, bytes: Buffer, id: string) =>
  server.post(`/v1/collections/${collection}/images`, { images: [{ base64: bytes.toString("base64"), id }] });

const keptOf = async ({ dataFolder }: TestServer): Promise<readonly string[]> =>
  (await readdir(join(dataFolder, "uploads")).catch(() => [])).sort();

const keeps = (server: TestServer, images: readonly Buffer[]): Promise<void> => {
  const expected = images.map(hashOf).sort().join();
  return waitUntil(`${images.length} images are kept`, async () => (await keptOf(server)).join() === expected, { timeoutMs: 60_000 });
};

async function pictureOf({ url }: TestServer, collection: string, id: string): Promise<string | undefined> {
  const response = await fetch(`${url}/v1/collections/${collection}/images/${id}/thumbnail`);
  return response.status === 200 ? (await sharp(Buffer.from(await response.arrayBuffer())).metadata()).format : undefined;
}

test("an image that was sent has a picture, also after a restart", async () => {
  await using server = await serverWith(["pets"]);
  await send(server, "pets", chelsea!, "json");
  const url = `data:image/png;base64,${brick!.toString("base64")}`;
  await server.post("/v1/collections/pets/images", { images: [{ url, id: "url" }] });
  const form = new FormData();
  form.set("files", new Blob([new Uint8Array(camera!)]), "camera.png");
  form.set("ids", '["form"]');
  assert.equal((await fetch(`${server.url}/v1/collections/pets/images`, { method: "POST", body: form })).status, 200);
  for (const id of ["json", "url", "form"]) assert.equal(await pictureOf(server, "pets", id), "jpeg", id);
  await server.stop();
  await server.restart();
  for (const id of ["json", "url", "form"]) assert.equal(await pictureOf(server, "pets", id), "jpeg", id);
});

test("an image that was sent is returned as it was sent, and what is no picture for browsers is a file to save", async () => {
  await using server = await serverWith(["pets"]);
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  await send(server, "pets", chelsea!, "a/b ü");
  await send(server, "pets", svg, "svg");
  const get = (id: string, query = "") => fetch(`${server.url}/v1/collections/pets/images/${encodeURIComponent(id)}/original${query}`);
  const answer = await get("a/b ü");
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), chelsea);
  const headersOf = ({ headers }: Response) => ["content-type", "content-disposition", "cache-control"].map((name) => headers.get(name));
  const name = (bytes: Buffer) => hashOf(bytes).slice(0, 16);
  assert.deepEqual(headersOf(answer), ["image/png", `inline; filename="${name(chelsea!)}.png"`, "private, max-age=60"]);
  const kept = await get("svg", `?content=${name(svg)}`);
  assert.equal(await kept.text(), String(svg));
  const [type, disposition, caching] = headersOf(kept);
  assert.deepEqual([type, disposition], ["application/octet-stream", `attachment; filename="${name(svg)}.bin"`]);
  assert.equal(caching, "private, max-age=31536000, immutable");
  assert.equal(kept.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
});

test("an original that is not kept says why: another content, another row, or no upload any more", async () => {
  await using server = await TestServer.start({ server: { keepUploadsMb: 0 } });
  await server.post("/v1/collections", { name: "pets" });
  await send(server, "pets", chelsea!, "sent");
  for (const [path, expected] of [
    ["sent/original", "picture_unavailable"],
    ["none/original", "row_not_found"],
    ["sent/original?content=0000000000000000", "row_not_found"],
  ] as const) {
    const { status, body } = await server.get(`/v1/collections/pets/images/${path}`);
    assert.deepEqual([status, body.code], [404, expected], path);
  }
});

test("an image that was sent to a job has a picture when the job has ended", async () => {
  await using server = await serverWith(["pets"]);
  const images = [chelsea!, Buffer.of(0xff, 1), camera!].map((bytes, index) => ({
    base64: bytes.toString("base64"),
    id: `sent-${index}`,
  }));
  const { body } = await server.post("/v1/jobs", { collection: "pets", images });
  await keeps(server, [chelsea!, camera!]);
  await waitUntil("the job has ended", async () => (await server.get(`/v1/jobs/${body.id}`)).body.state === "completed", {
    timeoutMs: 60_000,
  });
  assert.equal(await pictureOf(server, "pets", "sent-0"), "jpeg");
  assert.equal(await pictureOf(server, "pets", "sent-2"), "jpeg");
});

test("an image that a retry stored has a picture, also if it was a retry of a retry", async () => {
  let isBroken = false;
  const work = async (): Promise<void> => {
    if (isBroken) throw new HeadraceError("inference_failed", "model: expected vectors, found none", { scope: "batch", retryable: false });
  };
  await using server = await serverWith(["pets"], 1024, { work });
  await send(server, "pets", brick!, "first");
  const ended = async (answer: { readonly body: { readonly id: string } }) => {
    const job = async () => (await server.get(`/v1/jobs/${answer.body.id}`)).body;
    await waitUntil("the job has ended", async () => (await job()).ended_at !== null, { timeoutMs: 60_000 });
    return job();
  };
  isBroken = true;
  const images = [chelsea!, camera!].map((bytes, index) => ({ base64: bytes.toString("base64"), id: `sent-${index}` }));
  const job = await ended(await server.post("/v1/jobs", { collection: "pets", images }));
  const retry = await ended(await server.post(`/v1/jobs/${job.id}/retry`, {}));
  assert.deepEqual([job.counts.failed, retry.counts.failed], [2, 2]);
  await keeps(server, [brick!]);
  isBroken = false;
  assert.equal((await ended(await server.post(`/v1/jobs/${retry.id}/retry`, {}))).counts.stored, 2);
  for (const id of ["sent-0", "sent-1"]) assert.equal(await pictureOf(server, "pets", id), "jpeg", id);
});

test("an image is deleted when no row of any collection names it any more", async () => {
  await using server = await serverWith(["pets", "cups"]);
  await send(server, "pets", chelsea!, "a");
  await send(server, "pets", brick!, "b");
  await send(server, "pets", camera!, "c");
  await send(server, "cups", brick!, "x");
  await server.post("/v1/collections/pets/images/delete", { ids: ["a", "b"] });
  await keeps(server, [brick!, camera!]);
  await send(server, "cups", chelsea!, "y");
  await server.send("DELETE", "/v1/collections/pets");
  await keeps(server, [brick!, chelsea!]);
  await server.post("/v1/collections/cups/images/delete", { filter: "width > 0" });
  await keeps(server, []);
});

test("a server that starts deletes what no row names, and what a crash has left half written", async () => {
  await using server = await serverWith(["pets"]);
  await send(server, "pets", chelsea!, "a");
  await server.stop();
  await mkdir(join(server.dataFolder, "uploads"), { recursive: true });
  await writeFile(join(server.dataFolder, "uploads", hashOf(brick!)), brick!);
  await writeFile(join(server.dataFolder, "uploads", `${hashOf(camera!)}.1.partial`), "half");
  await server.restart();
  await keeps(server, [chelsea!]);
});

test("above the limit, the images that were sent first are deleted; with 0, none are kept", async () => {
  await using server = await serverWith(["pets"], 1);
  const noisy = await Promise.all(
    [1, 2, 3].map((seed) => {
      const raw = Buffer.from(Array.from({ length: 400 * 400 * 3 }, (_, at) => (at * at * seed + (at >> 3)) % 251));
      return sharp(raw, { raw: { width: 400, height: 400, channels: 3 } })
        .png({ compressionLevel: 0 })
        .toBuffer();
    }),
  );
  assert.ok(noisy.every(({ byteLength }) => byteLength > 400_000));
  for (const [index, bytes] of noisy.entries()) assert.equal((await send(server, "pets", bytes, `n${index}`)).body.stored, 1);
  await keeps(server, noisy.slice(1));
  assert.equal(await pictureOf(server, "pets", "n0"), undefined);
  assert.equal(await pictureOf(server, "pets", "n2"), "jpeg");

  await using none = await serverWith(["pets"], 0);
  await send(none, "pets", chelsea!, "a");
  assert.deepEqual(await keptOf(none), []);
});
