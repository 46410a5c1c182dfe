/** A hundred hostile requests: each gets the problem that it deserves, nothing leaks, and the server answers afterwards. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { base64, image, TestServer } from "./running.js";

const reader = "reader-0123456789abcdef";
const writer = "writer-0123456789abcdef";
const secret = "the content of a file that nobody may see";
const json = "application/json";

const folder = mkdtempSync(join(tmpdir(), "headrace-hostile-"));
const photos = join(folder, "photos");
mkdirSync(photos);
writeFileSync(join(folder, "secret.jpg"), secret);
symlinkSync(join(folder, "secret.jpg"), join(photos, "link.jpg"));
symlinkSync(folder, join(photos, "up"));

let server: TestServer;
let sent = 0;
const answered: string[] = [];

before(async () => {
  server = await TestServer.start({
    server: {
      keys: [
        { name: "reader", apiKey: reader, scopes: ["read"] },
        { name: "all", apiKey: writer, scopes: ["read", "write", "admin"] },
      ],
      allowedRoots: [photos],
      maxBodyMb: 1,
      maxImages: 5,
      bodyTimeout: 1,
    },
  });
  assert.equal((await server.post("/v1/collections", { name: "pets" }, bearer(writer))).status, 201);
  const first = { images: [{ base64: base64(1), id: "one" }] };
  assert.equal((await server.post("/v1/collections/pets/images", first, bearer(writer))).body.stored, 1);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const insertPath = "/v1/collections/pets/images";
const searchPath = "/v1/collections/pets/search";

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: NonNullable<RequestInit["body"]>;
}

/** The code of the answer, or of the one image that failed. */
async function codeOf(path: string, { method = "POST", headers = {}, body }: Sent): Promise<string> {
  sent += 1;
  const init = { headers: { ...bearer(writer), ...headers }, ...(body === undefined ? {} : { body }) };
  const answer = await server.send(method, path, init);
  answered.push(JSON.stringify(answer.body));
  if (answer.status < 300) return answer.body?.items?.[0]?.problem?.code ?? `${answer.status}`;
  assert.equal(answer.body.status, answer.status);
  return answer.body.code;
}

const post = (path: string, body: unknown) => codeOf(path, { headers: { "content-type": json }, body: JSON.stringify(body) });

/** The code in the answer to bytes that no client library would send. */
async function codeOfRaw(request: string): Promise<string> {
  sent += 1;
  const answer = await server.raw(request);
  answered.push(answer);
  return /"code":"(\w+)"/.exec(answer)?.[1] ?? (answer.split("\r\n")[0] || "closed");
}

const raw = (path: string, more = "") => codeOfRaw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`);

/** The server works as before: it lives, and finds what was stored. */
async function assertWorks(): Promise<void> {
  assert.equal((await server.get("/health/live")).status, 200);
  const { body } = await server.post(searchPath, { id: "one" }, bearer(reader));
  assert.deepEqual(
    body.hits.map(({ id }: { id: string }) => id),
    ["one"],
  );
}

async function assertCodes<T>(cases: readonly (readonly [T, string])[], code: (given: T) => Promise<string>): Promise<void> {
  const wrong: string[] = [];
  for (const [given, expected] of cases) {
    const found = await code(given);
    if (found !== expected) wrong.push(`${JSON.stringify(given).slice(0, 200)}: expected ${expected}, found ${found}`);
  }
  assert.deepEqual(wrong, []);
  await assertWorks();
}

test("paths do not leave the allowed folder", async () => {
  const refused = [
    "../secret.jpg",
    "../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "up/secret.jpg",
    "link.jpg",
    "./../secret.jpg",
    "a/../../secret.jpg",
    "..",
    ".",
    "/",
    join(folder, "secret.jpg"),
    `${photos}/../secret.jpg`,
    `${photos}x/secret.jpg`,
  ];
  await assertCodes(
    refused.map((path) => [path, "path_refused"] as const),
    (path) => post(insertPath, { images: [{ path }] }),
  );
  await assertCodes(
    [
      ["a\0.jpg", "request_invalid"],
      ["", "request_invalid"],
      ["file:///etc/passwd", "request_invalid"],
      ["zip:photos.zip!a.jpg", "request_invalid"],
      ["..\\secret.jpg", "path_refused"],
      ["..%2fsecret.jpg", "source_not_found"],
      ["x".repeat(5000), "request_invalid"],
    ],
    (path) => post(insertPath, { images: [{ path }] }),
  );
});

test("paths of the address do not leave the routes", async () => {
  await assertCodes(
    [
      ["/../../etc/passwd", "route_not_found"],
      ["/..%2f..%2fetc%2fpasswd", "route_not_found"],
      ["//etc/passwd", "route_not_found"],
      ["/docs/../../../etc/passwd", "route_not_found"],
      ["/%c0%ae%c0%ae/etc/passwd", "route_not_found"],
      ["/v1/collections/%zz", "route_not_found"],
      [`/${"x".repeat(9000)}`, "route_not_found"],
      [`/${"x".repeat(40_000)}`, "headers_too_large"],
      ["/.env", "route_not_found"],
      ["/.git/config", "route_not_found"],
    ],
    (path) => raw(path, `Authorization: Bearer ${writer}\r\n`),
  );
  await assertCodes(
    [
      ["/v1/collections/..%2f..%2fetc", "name_invalid"],
      ["/v1/collections/%00", "name_invalid"],
      [`/v1/collections/${"x".repeat(65)}`, "request_invalid"],
      [`/v1/collections/${"x".repeat(5000)}`, "route_not_found"],
    ],
    (path) => codeOf(path, { method: "GET" }),
  );
});

test("URLs do not reach this machine, its network or other schemes", async () => {
  const hosts = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "169.254.169.254", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001"];
  const more = ["0177.0.0.1", "127.1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[::ffff:a00:1]"];
  const forged = ["user:pass@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1:22", "127。0。0。1"];
  await assertCodes(
    [...hosts, ...more, ...forged].map((host) => [`http://${host}/a.jpg`, "address_refused"] as const),
    (url) => post(insertPath, { images: [{ url }] }),
  );
  await assertCodes(
    ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/", "s3://bucket/a.jpg", "//127.0.0.1/a", "javascript:1"].map(
      (url) => [url, "request_invalid"] as const,
    ),
    (url) => post(searchPath, { url }),
  );
});

test("too much is refused", async () => {
  const large = new Uint8Array(700 * 1024);
  const form = (count: number, bytes: Uint8Array) => {
    const data = new FormData();
    for (let index = 0; index < count; index += 1) data.append("images", new Blob([Uint8Array.from(bytes)]), `${index}.jpg`);
    return data;
  };
  const fields = new FormData();
  for (let index = 0; index < 50; index += 1) fields.append(`field-${index}`, "x");
  const longField = form(1, image(1));
  longField.append("ids", "x".repeat(1_100_000));
  const bodies: readonly (readonly [string, NonNullable<RequestInit["body"]>, string])[] = [
    ["a long JSON text", JSON.stringify({ images: [{ base64: "A".repeat(2_000_000) }] }), "body_too_large"],
    ["two large files", form(2, large), "body_too_large"],
    ["six files", form(6, image(1)), "body_too_large"],
    ["fifty fields", fields, "body_too_large"],
    ["a long field", longField, "body_too_large"],
    ["six images", JSON.stringify({ images: Array.from({ length: 6 }, () => ({ base64: base64(1) })) }), "body_too_large"],
    ["a long id", JSON.stringify({ images: [{ base64: base64(1), id: "x".repeat(2000) }] }), "request_invalid"],
    ["a deep metadata", JSON.stringify({ images: [{ base64: base64(1), metadata: { a: { b: 1 } } }] }), "request_invalid"],
  ];
  await assertCodes(
    bodies.map(([name, , code]) => [name, code] as const),
    (name) => {
      const body = bodies.find(([each]) => each === name)?.[1] ?? "";
      return codeOf(insertPath, { body, ...(typeof body === "string" ? { headers: { "content-type": json } } : {}) });
    },
  );
  await assertCodes(
    [
      [{ id: "one", top_k: 1e9 }, "request_invalid"],
      [{ id: "one", top_k: -1 }, "request_invalid"],
      [{ id: "one", filter: "(".repeat(50_000) }, "filter_invalid"],
      [{ id: "one", filter: "a == 1 and ".repeat(9_000) }, "filter_invalid"],
      [{ vector: Array.from({ length: 70_000 }, () => 0) }, "request_invalid"],
      [{ id: "one' or '1'='1" }, "query_invalid"],
      [{ id: "one", filter: "id == 'one'; drop table pets" }, "filter_invalid"],
    ],
    (query) => post(searchPath, query),
  );
});

test("texts that are not the JSON of the route are refused", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  await assertCodes(
    [
      ["{", "json_invalid"],
      ["", "json_invalid"],
      ["nul", "json_invalid"],
      ["{'id':'one'}", "json_invalid"],
      ['{"id":"one",}', "json_invalid"],
      ['{"id":NaN}', "json_invalid"],
      ['{"__proto__":{"id":"one"}}', "json_invalid"],
      ['{"constructor":{"prototype":{"id":"one"}}}', "json_invalid"],
      ['{"id":"one"}{"id":"two"}', "json_invalid"],
      ['{"id":"one","top_k":1e999}', "request_invalid"],
      ['{"id":{"$ne":null}}', "request_invalid"],
      ['{"id":["one"]}', "request_invalid"],
      ['"one"', "request_invalid"],
      ["null", "request_invalid"],
      [deep, "request_invalid"],
      ['{"id":"one","admin":true}', "request_invalid"],
    ],
    (body) => codeOf(searchPath, { body, headers: { "content-type": json } }),
  );
  await assertCodes(
    [
      ["text/plain", "media_type_unsupported"],
      ["application/xml", "media_type_unsupported"],
      ["application/x-www-form-urlencoded", "media_type_unsupported"],
      ["x", "media_type_unsupported"],
    ],
    (type) => codeOf(searchPath, { body: '{"id":"one"}', headers: { "content-type": type } }),
  );
});

test("multipart bodies that are damaged are refused", async () => {
  const part = '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n';
  const manyHeaders = Array.from({ length: 3000 }, (_, index) => `X-${index}: y`).join("\r\n");
  await assertCodes(
    [
      [`${part}abc`, "multipart_invalid"],
      [part, "multipart_invalid"],
      ["--x", "multipart_invalid"],
      ["garbage", "multipart_invalid"],
      ["", "request_invalid"],
      ["--x--\r\n", "request_invalid"],
      [`${part}\r\n--x--\r\n`, "image_corrupt"],
      [`--x\r\n${manyHeaders}\r\n\r\nabc\r\n--x--\r\n`, "request_invalid"],
    ],
    (body) => codeOf(insertPath, { body, headers: { "content-type": "multipart/form-data; boundary=x" } }),
  );
  await assertCodes([["multipart/form-data", "multipart_invalid"] as const], (type) =>
    codeOf(insertPath, { body: part, headers: { "content-type": type } }),
  );
});

test("requests that are not HTTP, too slow, or have header bombs are refused", async () => {
  const many = Array.from({ length: 3000 }, (_, index) => `X-Bomb-${index}: y\r\n`).join("");
  const get = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n";
  const start = `POST ${searchPath} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${writer}\r\nContent-Type: ${json}\r\n`;
  await assertCodes(
    [
      ["NONSENSE\r\n\r\n", "request_malformed"],
      ["\x16\x03\x01\x02\x00", "request_malformed"],
      ["GET /health/live HTTP/9.9\r\nHost: localhost\r\n\r\n", "request_malformed"],
      ["GET /health/live HTTP/1.1\r\n\r\n", "request_malformed"],
      [`${get}X Bad: y\r\n\r\n`, "request_malformed"],
      [`${get}X-Bad: a\x00b\r\n\r\n`, "request_malformed"],
      [`${get}X-Bomb: ${"x".repeat(40_000)}\r\n\r\n`, "headers_too_large"],
      [`${get}${many}\r\n`, "headers_too_large"],
      [`${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}`, "request_malformed"],
      [`${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "request_malformed"],
      [`${start}Content-Length: -1\r\n\r\n`, "request_malformed"],
      [`${start}Content-Length: 99999999999\r\nConnection: close\r\n\r\n`, "body_too_large"],
      [`${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "request_malformed"],
      [`${start}Content-Length: 100\r\n\r\n{`, "body_too_slow"],
      [`${start}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, "body_too_slow"],
      ["GET /health/live HTTP/1.1\r\nHost: local", "body_too_slow"],
      ["GET /health/live HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", "origin_refused"],
    ],
    codeOfRaw,
  );
});

test("requests without the right key or scope are refused", async () => {
  const withKey = (authorization: string) => ({ headers: { authorization } });
  await assertCodes(
    [
      ["", "key_missing"],
      ["Bearer", "key_missing"],
      ["Bearer x", "key_missing"],
      [`Basic ${Buffer.from(`a:${reader}`).toString("base64")}`, "key_missing"],
      [reader, "key_missing"],
      [`Bearer ${reader}x`, "key_missing"],
      [`Bearer ${reader.slice(0, -1)}`, "key_missing"],
      [`Bearer ${reader} ${writer}`, "key_missing"],
    ],
    (authorization) => codeOf("/v1/collections", { method: "GET", ...withKey(authorization) }),
  );
  const forbidden = [
    ["POST", "/v1/collections"],
    ["DELETE", "/v1/collections/pets"],
    ["POST", insertPath],
    ["POST", `${insertPath}/delete`],
  ] as const;
  await assertCodes(
    forbidden.map((each) => [each, "scope_missing"] as const),
    ([method, path]) => codeOf(path, { method, ...withKey(`Bearer ${reader}`) }),
  );
  await assertCodes(
    [
      [`/v1/collections?api_key=${writer}`, "key_missing"],
      [`/v1/collections?authorization=Bearer%20${writer}`, "key_missing"],
    ],
    (path) => codeOf(path, { method: "GET", headers: { authorization: "" } }),
  );
  assert.equal(await codeOf("/v1/collections", { method: "GET", headers: { origin: "https://example.com" } }), "origin_refused");
});

test("there were at least a hundred of them; no answer has a secret, a path or a stack, and no log line has a key", () => {
  assert.ok(sent >= 100, `${sent} requests`);
  for (const text of answered) {
    for (const hidden of [secret, folder, "root:x:0", "node_modules", "    at ", writer])
      assert.ok(!text.includes(hidden), text.slice(0, 500));
  }
  const log = JSON.stringify(server.logged);
  for (const key of [reader, writer]) assert.ok(!log.includes(key));
  assert.ok(!server.logged.some(({ event, status }) => event === "request" && Number(status) >= 500));
});
