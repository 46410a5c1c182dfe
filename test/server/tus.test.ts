/** Files in parts, as the tus protocol has it: created, continued after lost connections and restarts, deleted, expired. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { waitUntil } from "../support/services/process.js";
import { type Answered, TestServer } from "./running.js";

const tus = { "tus-resumable": "1.0.0" };
const partType = "application/offset+octet-stream";
const soon = { timeoutMs: 30_000, everyMs: 10 };

const create = (server: TestServer, length: number | string, more: Record<string, string> = {}): Promise<Answered> =>
  server.send("POST", "/v1/uploads", { headers: { ...tus, "upload-length": String(length), ...more } });

async function created(server: TestServer, length: number, more: Record<string, string> = {}): Promise<string> {
  const { status, headers } = await create(server, length, more);
  assert.equal(status, 201);
  return headers.get("location") ?? "";
}

const part = (server: TestServer, path: string, offset: number | string, bytes: Uint8Array, more: Record<string, string> = {}) =>
  server.send("PATCH", path, {
    headers: { ...tus, "content-type": partType, "upload-offset": String(offset), ...more },
    body: Buffer.from(bytes),
  });

const head = (server: TestServer, path: string, more: Record<string, string> = {}): Promise<Answered> =>
  server.send("HEAD", path, { headers: { ...tus, ...more } });

const offsetOf = async (server: TestServer, path: string): Promise<number> =>
  Number((await head(server, path)).headers.get("upload-offset"));

const folderOf = ({ dataFolder }: TestServer): string => join(dataFolder, "jobs", ".uploads");
const stored = (server: TestServer, path: string): Promise<Buffer> => readFile(join(folderOf(server), idOf(path), "data"));

/** Sends the head of a request and some of its body, and keeps the connection open. */
async function beginPart(server: TestServer, path: string, offset: number, length: number, first: Uint8Array): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  const lines = [
    `PATCH ${path} HTTP/1.1`,
    "Host: localhost",
    "Tus-Resumable: 1.0.0",
    `Content-Type: ${partType}`,
    `Upload-Offset: ${offset}`,
    `Content-Length: ${length}`,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.write(first);
  return socket;
}

test("a file arrives in parts, and every answer tells where it continues and when it is deleted", async () => {
  await using server = await TestServer.start();
  const bytes = randomBytes(300_000);
  const name = `filename ${Buffer.from("a/b/Straße.jpg").toString("base64")},other`;
  const begun = await create(server, bytes.length, { "upload-metadata": name });
  const path = begun.headers.get("location") ?? "";
  assert.deepEqual([begun.status, begun.body.length, begun.body.offset, begun.body.filename], [201, bytes.length, 0, "Straße.jpg"]);
  assert.equal(path, `/v1/uploads/${begun.body.id}`);
  for (const [from, to] of [
    [0, 1],
    [1, 200_000],
    [200_000, bytes.length],
  ] as const) {
    const { status, headers } = await part(server, path, from, bytes.subarray(from, to));
    assert.deepEqual([status, headers.get("upload-offset"), headers.get("tus-resumable")], [204, String(to), "1.0.0"]);
    assert.ok(Date.parse(headers.get("upload-expires") ?? "") > Date.now());
    assert.equal(await offsetOf(server, path), to);
  }
  const { headers } = await head(server, path);
  assert.deepEqual([headers.get("upload-length"), headers.get("upload-metadata")], [String(bytes.length), name]);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.deepEqual(await stored(server, path), bytes);
  const { uploads } = (await server.get("/v1/uploads")).body;
  assert.deepEqual([uploads.length, uploads[0].offset], [1, bytes.length]);
});

test("the server tells what it can do", async () => {
  await using server = await TestServer.start({ server: { maxJobMb: 7 } });
  const { status, headers } = await server.send("OPTIONS", "/v1/uploads");
  const told = ["tus-version", "tus-extension", "tus-max-size"].map((name) => headers.get(name));
  assert.deepEqual([status, ...told], [204, "1.0.0", "creation,expiration,termination", String(7 * 2 ** 20)]);
});

test("an upload continues after a lost connection, and after a restart of the server, at what is on the disk", async () => {
  await using server = await TestServer.start();
  const bytes = randomBytes(100_000);
  const path = await created(server, bytes.length);
  const socket = await beginPart(server, path, 0, bytes.length, bytes.subarray(0, 40_000));
  await waitUntil("the bytes arrive", async () => (await stored(server, path)).length === 40_000, soon);
  socket.destroy();
  assert.equal(await offsetOf(server, path), 40_000);
  assert.equal((await part(server, path, 40_000, bytes.subarray(40_000, 60_000))).status, 204);
  await server.stop();
  await server.restart();
  assert.equal(await offsetOf(server, path), 60_000);
  assert.equal((await part(server, path, 60_000, bytes.subarray(60_000))).status, 204);
  assert.deepEqual(await stored(server, path), bytes);
});

test("whoever asks last goes on: an earlier request that still sends is ended, and its bytes count", async () => {
  await using server = await TestServer.start();
  const bytes = randomBytes(50_000);
  const path = await created(server, bytes.length);
  const hanging = await beginPart(server, path, 0, bytes.length, bytes.subarray(0, 10_000));
  await waitUntil("the bytes arrive", async () => (await stored(server, path)).length === 10_000, soon);
  assert.equal(await offsetOf(server, path), 10_000);
  await waitUntil("the connection is closed", async () => hanging.closed, soon);
  const many = await Promise.all(Array.from({ length: 10 }, () => part(server, path, 10_000, bytes.subarray(10_000)).catch(() => null)));
  const offset = await offsetOf(server, path);
  const rest = offset === bytes.length ? null : await part(server, path, offset, bytes.subarray(offset));
  assert.ok(rest === null || rest.status === 204);
  for (const answer of many) assert.ok(answer === null || [204, 409].includes(answer.status), String(answer?.status));
  assert.deepEqual(await stored(server, path), bytes);
});

test("bytes at another place, too many bytes and other bodies change nothing", async () => {
  await using server = await TestServer.start();
  const path = await created(server, 10);
  assert.equal((await part(server, path, 0, Buffer.alloc(4, 1))).status, 204);
  const one = Buffer.alloc(1);
  const up = encodeURIComponent("../../../../../../../../../../../etc");
  const refused: readonly (readonly [number, string, () => Promise<Answered>])[] = [
    [409, "upload_offset_wrong", () => part(server, path, 0, Buffer.alloc(4))],
    [409, "upload_offset_wrong", () => part(server, path, 5, Buffer.alloc(4))],
    [413, "body_too_large", () => part(server, path, 4, Buffer.alloc(7))],
    [422, "request_invalid", () => part(server, path, "-1", one)],
    [422, "request_invalid", () => part(server, path, "1e1", one)],
    [412, "tus_version", () => part(server, path, 4, one, { "tus-resumable": "0.2.2" })],
    [415, "media_type_unsupported", () => part(server, path, 4, one, { "content-type": "image/jpeg" })],
    [415, "media_type_unsupported", () => part(server, path, 4, one, { "content-encoding": "gzip" })],
    [404, "upload_not_found", () => part(server, "/v1/uploads/00000000-0000-4000-8000-000000000000", 4, one)],
    [422, "request_invalid", () => part(server, `/v1/uploads/${"a".repeat(35)}Z`, 4, one)],
    [422, "request_invalid", () => part(server, `/v1/uploads/${up}`, 4, one)],
    [422, "request_invalid", () => server.send("DELETE", `/v1/uploads/${up}`, { headers: tus })],
    [422, "request_invalid", () => create(server, "abc")],
    [422, "request_invalid", () => create(server, "-5")],
    [422, "request_invalid", () => create(server, 5, { "upload-metadata": "filename !?" })],
    [413, "body_too_large", () => create(server, 10 ** 14)],
    [422, "request_invalid", () => create(server, "1000000000000000000")],
    [412, "tus_version", () => create(server, 5, { "tus-resumable": "2.0.0" })],
  ];
  for (const [at, [status, code, send]] of refused.entries()) {
    const { status: found, body } = await send();
    assert.deepEqual([at, found, body?.code], [at, status, code]);
  }
  const lines = [
    `PATCH ${path} HTTP/1.1`,
    "Host: localhost",
    "Tus-Resumable: 1.0.0",
    "Upload-Offset: 4",
    `Content-Type: ${partType}`,
    "Transfer-Encoding: chunked",
  ];
  const tooMany = await server.raw(`${lines.join("\r\n")}\r\n\r\n8\r\nabcdefgh\r\n0\r\n\r\n`);
  assert.match(tooMany, /^HTTP\/1.1 413 .*body_too_large/s);
  assert.equal(await offsetOf(server, path), 4);
  assert.deepEqual(await stored(server, path), Buffer.alloc(4, 1));
});

test("a repeated creation with the same `Idempotency-Key` begins one upload, and one of another file is refused", async () => {
  await using server = await TestServer.start();
  const key = { "idempotency-key": "once" };
  const [first, second] = [await create(server, 5, key), await create(server, 5, key)];
  assert.deepEqual([second.status, second.body.id, second.headers.get("location")], [201, first.body.id, `/v1/uploads/${first.body.id}`]);
  for (const other of [await create(server, 6, key), await create(server, 5, { ...key, "upload-metadata": "filename YQ==" })]) {
    assert.deepEqual([other.status, other.body.code], [422, "idempotency_conflict"]);
  }
  assert.equal((await server.get("/v1/uploads")).body.uploads.length, 1);
});

test("an upload belongs to its key", async () => {
  const secretOf = (name: string): string => `${name}-0123456789abcdef`;
  const keyOf = (name: string) => ({ authorization: `Bearer ${secretOf(name)}` });
  const keys = (["one", "two"] as const).map((name) => ({ name, apiKey: secretOf(name), scopes: ["read" as const, "write" as const] }));
  const reader = { name: "reader", apiKey: secretOf("reader"), scopes: ["read" as const] };
  await using server = await TestServer.start({ server: { keys: [...keys, reader] } });
  const path = await created(server, 4, keyOf("one"));
  for (const answer of [
    await part(server, path, 0, Buffer.alloc(4), keyOf("two")),
    await head(server, path, keyOf("two")),
    await server.send("DELETE", path, { headers: { ...tus, ...keyOf("two") } }),
  ]) {
    assert.equal(answer.status, 404);
  }
  assert.deepEqual((await server.get("/v1/uploads", keyOf("two"))).body, { uploads: [] });
  assert.equal((await create(server, 4, keyOf("reader"))).status, 403);
  assert.equal((await create(server, 4)).status, 401);
  assert.equal((await part(server, path, 0, Buffer.alloc(4), keyOf("one"))).status, 204);
});

test("one key cannot promise itself all the space of jobs, and without keys all of it can be used", async () => {
  const key = (name: string) => ({ name, apiKey: `${name}-0123456789abcdef`, scopes: ["write" as const] });
  const bearer = (name: string) => ({ authorization: `Bearer ${name}-0123456789abcdef` });
  const space = { maxJobsMb: 8, maxJobMb: 8 };
  await using shared = await TestServer.start({ server: { ...space, keys: [key("greedy"), key("other")] } });
  const statuses = [];
  for (let seq = 0; seq < 4; seq += 1) statuses.push((await create(shared, 2_000_000, bearer("greedy"))).status);
  assert.deepEqual(statuses, [201, 201, 201, 503]);
  assert.equal((await create(shared, 2 ** 20, bearer("other"))).status, 201);
  await using open = await TestServer.start({ server: space });
  assert.equal((await create(open, 7 * 2 ** 20)).status, 201);
});

test("a deleted upload is gone with its bytes and its place, also while a request sends", async () => {
  await using server = await TestServer.start({ server: { maxJobsMb: 1 } });
  const path = await created(server, 600_000);
  const full = await create(server, 600_000);
  assert.deepEqual([full.status, full.body.code], [503, "jobs_full"]);
  const socket = await beginPart(server, path, 0, 600_000, Buffer.alloc(1000));
  await waitUntil("the bytes arrive", async () => (await stored(server, path)).length === 1000, soon);
  assert.equal((await server.send("DELETE", path, { headers: tus })).status, 204);
  await waitUntil("the connection is closed", async () => socket.closed, soon);
  assert.equal((await head(server, path)).status, 404);
  assert.deepEqual(await readdir(folderOf(server)), []);
  assert.equal((await create(server, 600_000)).status, 201);
});

test("a thousand creations at once are bounded, and leave nothing but what was promised", { timeout: 60_000 }, async () => {
  await using server = await TestServer.start({ server: { maxUploads: 20 } });
  const answers = await Promise.all(Array.from({ length: 1000 }, () => create(server, 5)));
  const count = (status: number, code?: string) => answers.filter((each) => each.status === status && each.body.code === code).length;
  assert.equal(count(201), 20);
  assert.equal(count(503, "uploads_full") + count(503, "server_busy"), 980);
  assert.equal((await readdir(folderOf(server))).length, 20);
});

test("what nobody continues or uses is deleted when its time is over, also after a restart", async () => {
  await using server = await TestServer.start({ server: { uploadLifetime: 0.4 } });
  const path = await created(server, 4);
  await waitUntil("it is gone", async () => (await readdir(folderOf(server))).length === 0, soon);
  assert.equal((await head(server, path)).status, 404);
  const other = await created(server, 4);
  await server.stop();
  assert.equal((await readdir(folderOf(server))).length, 1);
  await waitUntil("its time is over", async () => Date.parse((await recordOf(server, other)).expiresAt) < Date.now(), soon);
  await server.restart();
  assert.deepEqual(await readdir(folderOf(server)), []);
});

test("a server starts with what a crash has left: half a creation is deleted, and a damaged record is left alone", async () => {
  await using server = await TestServer.start();
  const [whole, half, damaged] = [await created(server, 4), await created(server, 4), await created(server, 4)];
  await part(server, whole, 0, Buffer.alloc(2, 7));
  await server.stop();
  await rm(join(folderOf(server), idOf(half), "upload.json"));
  await writeFile(join(folderOf(server), idOf(damaged), "upload.json"), '{"version":1,"id":');
  await mkdir(join(folderOf(server), "somebody-else"));
  // Bytes that were written after the last record do not count.
  await writeFile(join(folderOf(server), idOf(whole), "data"), Buffer.of(7, 7, 9));
  await server.restart();
  assert.deepEqual((await readdir(folderOf(server))).sort(), [idOf(whole), idOf(damaged), "somebody-else"].sort());
  const left = server.logged.filter(({ event }) => event === "upload left alone");
  assert.deepEqual(
    left.map(({ folder }) => folder),
    [join(folderOf(server), idOf(damaged))],
  );
  assert.deepEqual([await offsetOf(server, whole), (await head(server, damaged)).status], [2, 404]);
  assert.equal((await part(server, whole, 2, Buffer.alloc(2, 8))).status, 204);
  assert.deepEqual(await stored(server, whole), Buffer.of(7, 7, 8, 8));
});

const idOf = (path: string): string => path.split("/").at(-1) ?? "";

async function recordOf(server: TestServer, path: string): Promise<{ readonly expiresAt: string }> {
  return JSON.parse(await readFile(join(folderOf(server), idOf(path), "upload.json"), "utf8"));
}
