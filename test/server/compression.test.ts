/** Compressed answers and bodies: the same content, the same limits. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompressSync, gunzipSync, gzip } from "node:zlib";
import { base64, TestServer } from "./running.js";

const search = "/v1/collections/pets/search";
const insert = "/v1/collections/pets/images";
const images = (count: number) => ({ images: Array.from({ length: count }, (_, at) => ({ base64: base64(at + 1), id: `pet-${at}` })) });
const packers = { gzip: promisify(gzip), br: promisify(brotliCompress) } as const;
const unpackers = { gzip: gunzipSync, br: brotliDecompressSync } as const;
const encodings = ["gzip", "br"] as const;

async function withPets(server: TestServer, count: number): Promise<void> {
  await server.post("/v1/collections", { name: "pets" });
  assert.equal((await server.post(insert, images(count))).body.stored, count);
}

/** The bytes as they are sent: `fetch` itself would unpack them. */
async function sent(server: TestServer, path: string, encoding: string): Promise<{ readonly head: string; readonly body: Buffer }> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n");
  return { head: all.subarray(0, end).toString().toLowerCase(), body: all.subarray(end + 4) };
}

async function sendPacked(server: TestServer, path: string, body: string | Buffer, encoding: string, type = "application/json") {
  const bytes = encoding in packers ? await packers[encoding as "gzip"](body) : Buffer.from(body);
  return server.send("POST", path, { body: new Uint8Array(bytes), headers: { "content-type": type, "content-encoding": encoding } });
}

test("a long answer comes in the encoding that the client asks for, a short one and one for other clients as it is", async () => {
  await using server = await TestServer.start();
  await withPets(server, 30);
  const list = `${insert}?pick=all&limit=30`;
  const plain = await sent(server, list, "identity");
  assert.ok(!plain.head.includes("content-encoding"), plain.head);
  for (const encoding of encodings) {
    const { head, body } = await sent(server, list, encoding);
    assert.ok(head.includes(`content-encoding: ${encoding}`), head);
    assert.match(head, /vary: accept-encoding/);
    assert.ok(body.length < plain.body.length / 2, `${body.length} of ${plain.body.length} bytes`);
    assert.equal(unpackers[encoding](body).toString(), plain.body.toString());
  }
  assert.ok(!(await sent(server, `${insert}/count`, "gzip")).head.includes("content-encoding"));
});

test("an event arrives at once, because streams of events are not compressed", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const { body: job } = await server.post("/v1/jobs", { collection: "pets", ...images(1) });
  const events = await fetch(`${server.url}/v1/jobs/${job.id}/events`, { headers: { "accept-encoding": "gzip, br" } });
  assert.equal(events.headers.get("content-encoding"), null);
  assert.match(await events.text(), /^event: /m);
});

test("a compressed body means the same as the plain one, in JSON and in JSON lines", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  for (const encoding of encodings) {
    const { status, body } = await sendPacked(server, insert, JSON.stringify(images(20)), encoding);
    assert.deepEqual([status, body.stored + body.unchanged], [200, 20], encoding);
    const found = await sendPacked(server, search, JSON.stringify({ base64: base64(3) }), encoding);
    assert.equal(found.body.hits[0].id, "pet-2");
    const lines = images(20).images.map((line) => `${JSON.stringify(line)}\n`);
    const job = await sendPacked(server, "/v1/jobs?collection=pets", lines.join(""), encoding, "application/x-ndjson");
    assert.equal(job.status, 202, JSON.stringify(job.body));
  }
});

test("a small body that becomes a large one is refused like the large one", async () => {
  await using server = await TestServer.start({ server: { maxBodyMb: 1 } });
  await withPets(server, 1);
  const large = Buffer.from(JSON.stringify({ base64: "A".repeat(100 * 1024 * 1024) }));
  for (const encoding of encodings) {
    const { status, body } = await sendPacked(server, search, large, encoding);
    assert.deepEqual([status, body.code], [413, "body_too_large"], encoding);
  }
  assert.equal((await server.post(search, { base64: base64(1) })).status, 200);
});

test("a compressed body counts as the largest one that it may become", { timeout: 20_000 }, async () => {
  await using server = await TestServer.start({ server: { maxBodyMb: 1, maxBodiesMb: 1 } });
  await withPets(server, 1);
  const { hostname, port } = new URL(server.url);
  const head = (more: string) =>
    `POST ${search} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n${more}\r\n`;
  for (const [more, expected] of [
    ["", 200],
    ["Content-Encoding: gzip\r\n", 503],
  ] as const) {
    const slow = connect(Number(port), hostname);
    slow.write(head(more));
    let { status } = await server.post(search, { base64: base64(1) });
    // The server may read the second connection before the first.
    while (status !== expected) ({ status } = await server.post(search, { base64: base64(1) }));
    slow.destroy();
  }
});

test("bytes that are not compressed as they claim, other encodings and compressed forms are refused with a reason", async () => {
  await using server = await TestServer.start();
  await withPets(server, 1);
  const damaged = await server.send("POST", search, {
    body: "not gzip",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  assert.deepEqual([damaged.status, damaged.body.code], [400, "request_malformed"]);
  const other = await sendPacked(server, search, "{}", "lzma");
  assert.deepEqual([other.status, other.body.code], [415, "media_type_unsupported"]);
  const form = await sendPacked(server, insert, "--x--", "gzip", "multipart/form-data; boundary=x");
  assert.deepEqual([form.status, form.body.code], [415, "media_type_unsupported"]);
  const cut = (await packers.gzip(JSON.stringify({ base64: base64(1) }))).subarray(0, 20);
  const short = await server.send("POST", search, {
    body: new Uint8Array(cut),
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  assert.deepEqual([short.status, short.body.code], [400, "request_malformed"]);
  assert.equal((await server.post(search, { base64: base64(1) })).status, 200);
});
