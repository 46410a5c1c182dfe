/** Who may do what, and what is refused: keys, scopes, origins, paths, sizes and broken requests. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HeadraceError } from "../../src/contracts/index.js";
import { waitUntil } from "../support/services/process.js";
import { base64, image, TestServer } from "./running.js";

const folder = mkdtempSync(join(tmpdir(), "headrace-protection-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const reader = "reader-0123456789abcdef";
const writer = "writer-0123456789abcdef";
const admin = "admin-0123456789abcdef";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const keys = [
  { name: "reader", apiKey: reader, scopes: ["read"] as const },
  { name: "admin", apiKey: admin, scopes: ["read", "write", "admin"] as const },
];

test("each route needs a key with its scope, from the settings or from a file; health needs none", async () => {
  const keysFile = join(folder, "keys.txt");
  writeFileSync(keysFile, `# comment\nwriter read,write ${writer}\n`);
  await using server = await TestServer.start({ server: { keys: keys.map((key) => ({ ...key, scopes: [...key.scopes] })), keysFile } });
  const without = await server.get("/v1/collections");
  assert.deepEqual([without.status, without.body.code, without.headers.get("www-authenticate")], [401, "key_missing", "Bearer"]);
  for (const wrong of ["", "x", `${reader}x`, reader.slice(1)]) {
    assert.equal((await server.get("/v1/collections", bearer(wrong))).status, 401);
  }
  assert.deepEqual((await server.get("/v1/service", bearer(writer))).body.scopes, ["read", "write"]);
  assert.equal((await server.get("/health/live")).status, 200);
  assert.equal((await server.get("/health/ready")).status, 200);

  const create = { name: "pets" };
  for (const key of [reader, writer]) {
    const { status, body } = await server.post("/v1/collections", create, bearer(key));
    assert.deepEqual([status, body.code], [403, "scope_missing"]);
  }
  assert.equal((await server.post("/v1/collections", create, bearer(admin))).status, 201);
  const insertion = { images: [{ base64: base64(1), id: "one" }] };
  assert.equal((await server.post("/v1/collections/pets/images", insertion, bearer(reader))).status, 403);
  assert.equal((await server.post("/v1/collections/pets/images", insertion, bearer(writer))).status, 200);
  assert.equal((await server.post("/v1/collections/pets/search", { id: "one" }, bearer(reader))).status, 200);
  const text = JSON.stringify(server.logged);
  for (const secret of [reader, writer, admin]) assert.ok(!text.includes(secret));
  assert.ok(server.logged.some(({ key, path }) => key === "writer" && path === "/v1/collections/pets/images"));
});

test("a damaged file of keys is refused without showing it", async () => {
  const keysFile = join(folder, "bad.txt");
  for (const line of [`name read short`, `name everything ${reader}`, `name read ${reader} more words`]) {
    writeFileSync(keysFile, `${line}\n`);
    await assert.rejects(
      TestServer.start({ server: { keysFile } }),
      (error) =>
        HeadraceError.is(error) && error.code === "config_invalid" && !error.message.includes(reader) && /:1: /.test(error.message),
    );
  }
  await assert.rejects(TestServer.start({ server: { keysFile: join(folder, "none.txt") } }), /ENOENT/);
});

test("a changed file of keys is read again, and a damaged, empty or absent one changes nothing", async () => {
  const keysFile = join(folder, "changing.txt");
  writeFileSync(keysFile, `old read ${reader}\n`);
  await using server = await TestServer.start({ server: { keysFile } });
  const statusOf = async (key: string): Promise<number> => (await server.get("/v1/collections", bearer(key))).status;
  const lines = (event: string): number => server.logged.filter((line) => line.event === event).length;
  const change = async (text: string | null, event: string): Promise<void> => {
    const before = lines(event);
    if (text === null) rmSync(keysFile);
    else {
      // As secrets are replaced.
      writeFileSync(`${keysFile}.next`, text);
      renameSync(`${keysFile}.next`, keysFile);
    }
    await waitUntil(event, async () => lines(event) > before, { timeoutMs: 30_000 });
  };
  assert.deepEqual([await statusOf(reader), await statusOf(writer)], [200, 401]);
  await change(`new read ${writer}\n`, "keys read again");
  assert.deepEqual([await statusOf(reader), await statusOf(writer)], [401, 200]);
  for (const text of ["# none\n", "new read short\n", null]) {
    await change(text, "keys not read again");
    const without = (await server.get("/v1/collections")).status;
    assert.deepEqual([without, await statusOf(reader), await statusOf(writer)], [401, 401, 200]);
  }
  await change(`old read ${reader}\n`, "keys read again");
  assert.deepEqual([await statusOf(reader), await statusOf(writer)], [200, 401]);
  assert.ok(![reader, writer].some((secret) => JSON.stringify(server.logged).includes(secret)));
});

test("without keys, only addresses of this machine are listened on", async () => {
  await assert.rejects(
    TestServer.start({ server: { host: "0.0.0.0" } }),
    (error) => HeadraceError.is(error) && error.code === "config_conflict",
  );
  await using server = await TestServer.start({ server: { host: "0.0.0.0", keys: [{ name: "a", apiKey: reader }] } });
  assert.match(server.url, /^http:\/\/0\.0\.0\.0:\d+$/);
});

test("web pages of other origins are refused, and so is a foreign name that leads to this machine", async () => {
  await using server = await TestServer.start();
  const cross = await server.get("/v1/collections", { origin: "https://example.com" });
  assert.deepEqual([cross.status, cross.body.code], [403, "origin_refused"]);
  assert.equal((await server.get("/v1/collections", { origin: server.url })).status, 200);
  const rebound = await server.raw("GET /v1/collections HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");
  assert.match(rebound, /^HTTP\/1\.1 403 [\s\S]*"code":"origin_refused"/);
  for (const [mode, status] of [
    ["no-cors", "403"],
    ["navigate", "200"],
  ]) {
    const fields = `Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: ${mode}\r\nConnection: close`;
    const answer = await server.raw(`GET /v1/collections HTTP/1.1\r\n${fields}\r\n\r\n`);
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), mode);
  }
  const preflight = await server.send("OPTIONS", "/v1/collections", { headers: { origin: "https://example.com" } });
  assert.equal(preflight.headers.get("access-control-allow-origin"), null);
});

test("paths are read only below an allowed folder, whatever way leads out of it", async () => {
  const allowed = join(folder, "photos");
  mkdirSync(allowed);
  writeFileSync(join(allowed, "a.jpg"), image(1));
  writeFileSync(join(folder, "secret.jpg"), image(2));
  symlinkSync(join(folder, "secret.jpg"), join(allowed, "link.jpg"));
  await using open = await TestServer.start({ server: { allowedRoots: [allowed] } });
  await open.post("/v1/collections", { name: "pets" });
  const insert = async (path: string) => {
    const { status, body } = await open.post("/v1/collections/pets/images", { images: [{ path }] });
    return status === 200 ? (body.items[0].problem?.code ?? "stored") : body.code;
  };
  assert.equal(await insert("a.jpg"), "stored");
  assert.equal(await insert(join(allowed, "a.jpg")), "stored");
  assert.equal(await insert("none.jpg"), "source_not_found");
  const out = ["../secret.jpg", join(folder, "secret.jpg"), "/etc/passwd", "link.jpg", ".", "..", `${allowed}/../secret.jpg`];
  for (const path of out) assert.equal(await insert(path), "path_refused", path);
  for (const path of ["file:///etc/passwd", "a\0.jpg", ""]) assert.equal(await insert(path), "request_invalid", path);
  for (const url of ["file:///etc/passwd", "/etc/passwd", "s3://bucket/a.jpg"]) {
    const { body } = await open.post("/v1/collections/pets/images", { images: [{ url }] });
    assert.equal(body.code, "request_invalid", url);
  }

  await using closed = await TestServer.start();
  await closed.post("/v1/collections", { name: "pets" });
  const { status, body } = await closed.post("/v1/collections/pets/images", { images: [{ path: join(allowed, "a.jpg") }] });
  assert.deepEqual([status, body.code], [422, "path_refused"]);
});

test("too much is refused: bodies, uploads and numbers of images", async () => {
  await using server = await TestServer.start({ server: { maxBodyMb: 1, maxImages: 2 } });
  await server.post("/v1/collections", { name: "pets" });
  const path = "/v1/collections/pets/images";
  const large = new Uint8Array(700 * 1024);
  const answers = [
    await server.post(path, { images: [{ base64: "A".repeat(2 * 1024 * 1024) }] }),
    await server.upload(path, [large, large]),
    await server.upload(path, [image(1), image(2), image(3)]),
    await server.post(path, { images: [1, 2, 3].map((value) => ({ base64: base64(value) })) }),
  ];
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.code]),
    answers.map(() => [413, "body_too_large"]),
  );
  assert.equal((await server.get("/v1/collections/pets")).body.count, 0);
});

test("broken requests get a problem with their code, and the server lives", async () => {
  await using server = await TestServer.start({ server: { bodyTimeout: 1 } });
  const json = { "content-type": "application/json" };
  const send = async (init: RequestInit, path = "/v1/collections") => {
    const { status, body, headers } = await server.send("POST", path, init);
    assert.equal(headers.get("content-type"), "application/problem+json; charset=utf-8");
    assert.equal(headers.get("x-request-id"), body.request_id);
    return [status, body.code];
  };
  assert.deepEqual(await send({ body: "{", headers: json }), [400, "json_invalid"]);
  assert.deepEqual(await send({ body: '{"__proto__":{"name":"x"}}', headers: json }), [400, "json_invalid"]);
  assert.deepEqual(await send({ body: "", headers: json }), [400, "json_invalid"]);
  assert.deepEqual(await send({ body: "[]", headers: json }), [422, "request_invalid"]);
  assert.deepEqual(await send({ body: "name=x", headers: { "content-type": "text/plain" } }), [415, "media_type_unsupported"]);
  assert.deepEqual(await send({ body: new FormData() }), [415, "media_type_unsupported"]);
  assert.deepEqual(await send({ body: '{"name":"../x"}', headers: json }), [422, "name_invalid"]);
  const multipart = { "content-type": "multipart/form-data; boundary=x" };
  await server.post("/v1/collections", { name: "pets" });
  const cut = '--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nabc';
  assert.deepEqual(await send({ body: cut, headers: multipart }, "/v1/collections/pets/images"), [400, "multipart_invalid"]);
  assert.deepEqual((await server.get("/v2")).body.code, "route_not_found");
  const wrongMethod = await server.send("PATCH", "/v1/collections");
  assert.deepEqual([wrongMethod.status, wrongMethod.body.code, wrongMethod.headers.get("allow")], [405, "method_not_allowed", "GET, POST"]);

  assert.match(await server.raw("NONSENSE\r\n\r\n"), /^HTTP\/1\.1 400 [\s\S]*"code":"request_malformed"/);
  const bomb = `GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Bomb: ${"x".repeat(40_000)}\r\n\r\n`;
  assert.match(await server.raw(bomb), /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
  const slow = "POST /v1/collections HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
  assert.match(await server.raw(slow), /^HTTP\/1\.1 408 [\s\S]*"code":"body_too_slow"/);
  assert.equal((await server.get("/health/live")).status, 200);
});

test("answers have strict headers and a request id, which the client may choose", async () => {
  await using server = await TestServer.start();
  const { headers } = await server.get("/health/live", { "x-request-id": "abc-1" });
  assert.equal(headers.get("x-request-id"), "abc-1");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
  const forged = await server.get("/health/live", { "x-request-id": "a b{}" });
  assert.match(forged.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
});

test("a server without keys is known by its addresses and by the names of its settings, wherever it listens", async () => {
  const settings = { host: "0.0.0.0", allowedHosts: ["Headrace", "images.example.com"] };
  const statusOf = async (server: TestServer, host: string): Promise<string | undefined> => {
    const answer = await server.raw(`GET /v1/collections HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1];
  };
  await using open = await TestServer.start({ server: settings, keysElsewhere: "omit" });
  for (const host of ["127.0.0.1:8080", "[::1]", "localhost:8080", "10.0.0.7", "headrace:8080", "images.example.com"]) {
    assert.equal(await statusOf(open, host), "200", host);
  }
  for (const host of ["evil.example:8080", "images.example.com.evil.example", "example.com"])
    assert.equal(await statusOf(open, host), "403", host);
  await using keyed = await TestServer.start({ server: { host: "0.0.0.0", keys: [{ name: "a", apiKey: reader }] } });
  assert.equal(await statusOf(keyed, "anything.example"), "401");
});
