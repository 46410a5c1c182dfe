/** What is refused when there is too much of it, and requests that are sent again. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { waitUntil } from "../support/services/process.js";
import { base64, TestServer } from "./running.js";

const search = "/v1/collections/pets/search";
const insert = "/v1/collections/pets/images";
const image = (value: number) => ({ base64: base64(value) });

/** Work of the embedder that waits from `hold` on, until `letGo`. */
class Held {
  #entered = (): void => undefined;
  #letGo = (): void => undefined;
  #holding: Promise<void> | null = null;
  readonly entered = new Promise<void>((resolve) => {
    this.#entered = resolve;
  });

  readonly work = async (_rows: number, signal: AbortSignal): Promise<void> => {
    if (this.#holding === null) return;
    this.#entered();
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
    );
    await Promise.race([this.#holding, aborted]);
  };

  /** Makes a collection with one image before. */
  async hold(server: TestServer): Promise<void> {
    await server.post("/v1/collections", { name: "pets" });
    assert.equal((await server.post(insert, { images: [{ ...image(1), id: "one" }] })).body.stored, 1);
    assert.equal((await server.post(search, image(1))).status, 200);
    this.#holding = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#letGo();
  }
}

/** Sends an insertion with an idempotency key. Resolves to its connection when the work has begun. */
async function begun({ url }: TestServer, insertion: object, { entered }: Held): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const body = JSON.stringify(insertion);
  const client = connect(Number(port), hostname);
  const head = `POST ${insert} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  client.write(`${head}\r\n\r\n${body}`);
  await entered;
  return client;
}

test("requests beyond those that are worked on wait, further ones are refused with Retry-After, and health still answers", {
  timeout: 20_000,
}, async () => {
  const held = new Held();
  await using server = await TestServer.start({ server: { maxConcurrent: 1, maxWaiting: 1 }, embedder: { work: held.work } });
  await held.hold(server);
  const first = server.post(search, image(1));
  await held.entered;
  const more = [server.post(search, image(2)), server.post(search, image(3))];
  const refused = await Promise.race(more);
  assert.deepEqual([refused.status, refused.body.code, refused.headers.get("retry-after")], [503, "server_busy", "1"]);
  assert.equal((await server.get("/health/live")).status, 200);
  held.letGo();
  assert.equal((await first).status, 200);
  assert.deepEqual((await Promise.all(more)).map(({ status }) => status).sort(), [200, 503]);
  assert.equal((await server.post(search, image(1))).status, 200);
});

test("the bodies of all open requests together are limited, and end with their requests", { timeout: 20_000 }, async () => {
  await using server = await TestServer.start({ server: { maxBodyMb: 1, maxBodiesMb: 1 } });
  await server.post("/v1/collections", { name: "pets" });
  const { hostname, port } = new URL(server.url);
  const head = (bytes: number) =>
    `POST ${search} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
  const slow = connect(Number(port), hostname);
  slow.write(`${head(900_000)}{`);
  const answerTo = async () =>
    (await server.raw(`${head(900_000).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}${" ".repeat(900_000)}`)).split("\r\n")[0];
  let answered = await answerTo();
  // The server may read the second connection before the first.
  while (!answered?.includes("503")) answered = await answerTo();
  slow.destroy();
  while (answered?.includes("503")) answered = await answerTo();
  assert.match(answered ?? "", /^HTTP\/1\.1 400 /);
});

test("each key may send its number of requests per minute; health does not count", async () => {
  const keys = ["one", "two"].map((name) => ({ name, apiKey: `${name}-0123456789abcdef`, scopes: ["read" as const] }));
  await using server = await TestServer.start({ server: { keys, rateLimit: 3 } });
  const get = (name: string) => server.get("/v1/collections", { authorization: `Bearer ${name}-0123456789abcdef` });
  for (let count = 0; count < 3; count += 1) assert.equal((await get("one")).status, 200);
  const { status, body, headers } = await get("one");
  assert.deepEqual([status, body.code], [429, "rate_exceeded"]);
  assert.ok(Number(headers.get("retry-after")) > 0 && Number(headers.get("retry-after")) <= 60);
  assert.equal((await get("two")).status, 200);
  for (let count = 0; count < 5; count += 1) assert.equal((await server.get("/health/live")).status, 200);
});

test("the reference pages, which need no key, are counted by address", async () => {
  await using server = await TestServer.start({ server: { rateLimit: 3 } });
  const statuses = [];
  for (const path of ["/docs", "/openapi.json", "/docs", "/openapi.json"]) statuses.push((await server.get(path)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  assert.equal((await server.get("/health/live")).status, 200);
});

test("behind a trusted proxy, clients are counted by the address that it names, and nobody else may name one", async () => {
  const get = (server: TestServer, address: string) => server.get("/v1/collections", { "x-forwarded-for": address });
  const statuses = async (trustedProxies: readonly string[]): Promise<readonly number[]> => {
    await using server = await TestServer.start({ server: { rateLimit: 1, trustedProxies: [...trustedProxies] } });
    return [
      (await get(server, "203.0.113.1")).status,
      (await get(server, "203.0.113.2")).status,
      (await get(server, "203.0.113.1")).status,
      (await get(server, "203.0.113.9, 203.0.113.1")).status,
    ];
  };
  assert.deepEqual(await statuses(["127.0.0.0/8"]), [200, 200, 429, 429]);
  assert.deepEqual(await statuses(["192.0.2.7"]), [200, 429, 429, 429]);
  assert.deepEqual(await statuses([]), [200, 429, 429, 429]);
  for (const wrong of ["proxy.example.com", "10.0.0.0/33"]) await assert.rejects(statuses([wrong]), /expected an address or a network/);
});

test("requests without a valid key are counted by address, and leave the keys alone", async () => {
  const keys = [{ name: "one", apiKey: "one-0123456789abcdef", scopes: ["read" as const] }];
  await using server = await TestServer.start({ server: { keys, rateLimit: 3 } });
  const get = (key: string) => server.get("/v1/collections", { authorization: `Bearer ${key}` });
  const statuses = [];
  for (let count = 0; count < 4; count += 1) statuses.push((await get(`wrong-${count}`)).status);
  assert.deepEqual(statuses, [401, 401, 401, 429]);
  const { status, body, headers } = await server.get("/v1/collections");
  assert.deepEqual([status, body.code], [429, "rate_exceeded"]);
  assert.ok(Number(headers.get("retry-after")) > 0 && Number(headers.get("retry-after")) <= 60);
  assert.equal((await get("one-0123456789abcdef")).status, 200);
});

test("work that takes longer than its time is aborted", { timeout: 20_000 }, async () => {
  const held = new Held();
  await using server = await TestServer.start({ server: { requestTimeout: 0.3 }, embedder: { work: held.work } });
  await held.hold(server);
  const { status, body, headers } = await server.post(search, image(1));
  assert.deepEqual([status, body.code, headers.get("retry-after")], [503, "deadline_passed", "1"]);
  assert.equal((await server.post(search, { id: "one" })).status, 200);
});

test("a request with the same idempotency key gets the same answer, and is done once", async () => {
  const keys = ["one", "two"].map((name) => ({
    name,
    apiKey: `${name}-0123456789abcdef`,
    scopes: ["read" as const, "write" as const, "admin" as const],
  }));
  await using server = await TestServer.start({ server: { keys } });
  const post = (path: string, body: object, key?: string, name = "one") =>
    server.post(path, body, { authorization: `Bearer ${name}-0123456789abcdef`, ...(key === undefined ? {} : { "idempotency-key": key }) });
  const created = [await post("/v1/collections", { name: "pets" }, "a"), await post("/v1/collections", { name: "pets" }, "a")];
  assert.deepEqual(
    created.map(({ status }) => status),
    [201, 201],
  );
  assert.deepEqual(
    created.map(({ headers }) => headers.get("idempotency-replayed")),
    [null, "true"],
  );
  assert.equal((await post("/v1/collections", { name: "pets" }, "a", "two")).status, 409, "another client has keys of its own");

  const images = { images: [{ ...image(1), id: "one" }] };
  const together = await Promise.all([1, 2, 3].map(() => post(insert, images, "b")));
  assert.deepEqual(
    together.map(({ body }) => [body.stored, body.unchanged]),
    [
      [1, 0],
      [1, 0],
      [1, 0],
    ],
  );
  assert.deepEqual((await post(insert, images)).body.unchanged, 1);
  const other = await post(insert, { images: [{ ...image(2), id: "one" }] }, "b");
  assert.deepEqual([other.status, other.body.code], [422, "idempotency_conflict"]);
  const invalid = await post(insert, images, "a b");
  assert.deepEqual([invalid.status, invalid.body.code], [422, "request_invalid"]);

  assert.equal((await post("/v1/collections/none/images", images, "c")).status, 404);
  await post("/v1/collections", { name: "none" });
  assert.equal((await post("/v1/collections/none/images", images, "c")).status, 200, "an error is not kept");
});

test("a request with an idempotency key continues when its client goes away", { timeout: 20_000 }, async () => {
  const held = new Held();
  await using server = await TestServer.start({ embedder: { work: held.work } });
  await held.hold(server);
  const images = { images: [{ ...image(7), id: "seven" }] };
  const client = await begun(server, images, held);
  client.destroy();
  const again = server.post(insert, images, { "idempotency-key": "x" });
  held.letGo();
  const { status, body: answer, headers } = await again;
  assert.deepEqual([status, answer.stored, headers.get("idempotency-replayed")], [200, 1, "true"]);
});

test("work that continues without its client still counts as an open request", { timeout: 20_000 }, async () => {
  const held = new Held();
  await using server = await TestServer.start({ server: { maxConcurrent: 1, maxWaiting: 1 }, embedder: { work: held.work } });
  await held.hold(server);
  const client = await begun(server, { images: [{ ...image(7), id: "seven" }] }, held);
  client.destroy();
  await waitUntil("the client is gone", async () => server.logged.some(({ code }) => code === "client_gone"), { timeoutMs: 10_000 });
  const more = [server.post(search, image(2)), server.post(search, image(3))];
  const refused = await Promise.race(more);
  assert.deepEqual([refused.status, refused.body.code], [503, "server_busy"]);
  held.letGo();
  assert.deepEqual((await Promise.all(more)).map(({ status }) => status).sort(), [200, 503]);
  assert.equal((await server.post(search, image(1))).status, 200);
});
