/** No client keeps the others out: neither with slow requests, nor with streams, nor by not reading its answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { test } from "node:test";
import { waitUntil } from "../support/services/process.js";
import { base64, image, TestServer } from "./running.js";

const names = ["one", "two"] as const;
type Name = (typeof names)[number];
const secretOf = (name: Name): string => `${name}-0123456789abcdef`;
const keys = names.map((name) => ({ name, apiKey: secretOf(name), scopes: ["read" as const, "write" as const, "admin" as const] }));
const authorized = (name: Name) => ({ authorization: `Bearer ${secretOf(name)}` });
interface Ended {
  readonly id: string;
  readonly started_at: string;
}
const search = "/v1/collections/pets/search";

test("a client whose requests all wait for a slow web server leaves slots to others", { timeout: 60_000 }, async () => {
  let asked = 0;
  const slow = createServer(() => {
    asked += 1;
  });
  slow.listen(0, "127.0.0.1");
  await once(slow, "listening");
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/a.jpg`;
  await using server = await TestServer.start({ server: { keys }, settings: { http: { network: "any" } } });
  try {
    await server.post("/v1/collections", { name: "pets" }, authorized("one"));
    const leaving = new AbortController();
    const waits = Array.from({ length: 64 }, () =>
      server
        .send("POST", search, {
          body: JSON.stringify({ url }),
          headers: { "content-type": "application/json", ...authorized("one") },
          signal: leaving.signal,
        })
        .catch(() => null),
    );
    await waitUntil("the slow server is asked", async () => asked > 0, { timeoutMs: 10_000 });
    const { status } = await server.post(search, { base64: base64(1) }, authorized("two"));
    assert.equal(status, 200);
    leaving.abort();
    await Promise.all(waits);
  } finally {
    slow.closeAllConnections();
    slow.close();
  }
});

test("a client that has taken its share of the places is refused, and another one is not", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await using server = await TestServer.start({ server: { keys, maxConcurrent: 4, maxWaiting: 4 }, embedder: { work: () => holding } });
  await server.post("/v1/collections", { name: "pets" }, authorized("one"));
  const sent = Array.from({ length: 8 }, () => server.post(search, { base64: base64(1) }, authorized("one")));
  const refused = await Promise.race(sent);
  assert.deepEqual([refused.status, refused.body.code], [503, "server_busy"]);
  assert.equal((await server.get("/v1/collections", authorized("two"))).status, 200);
  letGo();
  assert.deepEqual((await Promise.all(sent)).map(({ status }) => status).sort(), [...Array(6).fill(200), 503, 503]);
});

test("the bodies of one client leave memory for those of another one", { timeout: 60_000 }, async () => {
  await using server = await TestServer.start({ server: { keys, maxBodyMb: 1, maxBodiesMb: 2 } });
  await server.post("/v1/collections", { name: "pets" }, authorized("one"));
  const { hostname, port } = new URL(server.url);
  const head = (name: Name) =>
    `POST ${search} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secretOf(name)}\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n`;
  const slow = connect(Number(port), hostname);
  slow.write(`${head("one")}\r\n{`);
  const statusFor = async (name: Name) => (await server.raw(`${head(name)}Connection: close\r\n\r\n${" ".repeat(900_000)}`)).split(" ")[1];
  // The server may read the second connection before the first.
  await waitUntil("the slow body counts", async () => (await statusFor("one")) === "503", { timeoutMs: 20_000 });
  assert.equal(await statusFor("two"), "400");
  slow.destroy();
  await waitUntil("the slow body counts no more", async () => (await statusFor("one")) === "400", { timeoutMs: 20_000 });
});

test("the images that one client reads from the web leave memory for those of another one", { timeout: 60_000 }, async () => {
  const held: ServerResponse[] = [];
  const slow = createServer((request, response) => {
    if (request.url !== "/slow.jpg") return void response.writeHead(200, { "content-length": "2" }).end(image(1));
    response.writeHead(200, { "content-length": String(1_000_000) }).write("a");
    held.push(response);
  });
  slow.listen(0, "127.0.0.1");
  await once(slow, "listening");
  const urlOf = (name: string) => `http://127.0.0.1:${(slow.address() as AddressInfo).port}/${name}.jpg`;
  const limits = { maxBodyMb: 1, maxUrlsMb: 2 };
  await using server = await TestServer.start({ server: { keys, ...limits }, settings: { http: { network: "any" } } });
  try {
    await server.post("/v1/collections", { name: "pets" }, authorized("one"));
    const leaving = new AbortController();
    const waits = Array.from({ length: 8 }, () =>
      server
        .send("POST", search, {
          body: JSON.stringify({ url: urlOf("slow") }),
          headers: { "content-type": "application/json", ...authorized("one") },
          signal: leaving.signal,
        })
        .catch(() => null),
    );
    await waitUntil("all slow images are asked for", async () => held.length === 8, { timeoutMs: 20_000 });
    assert.equal((await server.post(search, { url: urlOf("fast") }, authorized("two"))).status, 200);
    assert.equal(held.length, 8, "the other client waited until slow images were given up and asked for again");
    leaving.abort();
    await Promise.all(waits);
    const after = await server.post(search, { url: urlOf("fast") }, authorized("one"));
    assert.equal(after.status, 200);
  } finally {
    slow.closeAllConnections();
    slow.close();
  }
});

test("the waiting jobs of one key leave places for those of another one, whose job is the next to start", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const limits = { jobsAtOnce: 1, maxWaitingJobs: 4 };
  await using server = await TestServer.start({ server: { keys, ...limits }, embedder: { work: () => holding } });
  await server.post("/v1/collections", { name: "pets" }, authorized("one"));
  const send = (name: Name) => server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(1) }] }, authorized(name));
  const sent = [];
  for (let seq = 0; seq < 5; seq += 1) sent.push(await send("one"));
  assert.deepEqual([...sent.map(({ status }) => status), sent.at(-1)?.body.code], [202, 202, 202, 202, 503, "jobs_full"]);
  const other = await send("two");
  assert.equal(other.status, 202);
  letGo();
  const idsOf = async (): Promise<readonly string[]> => {
    const { jobs } = (await server.get("/v1/jobs?state=completed", authorized("two"))).body;
    return jobs.toSorted((a: Ended, b: Ended) => (a.started_at < b.started_at ? -1 : 1)).map(({ id }: Ended) => id);
  };
  await waitUntil("all jobs have ended", async () => (await idsOf()).length === 5, { timeoutMs: 20_000 });
  assert.equal((await idsOf())[1], other.body.id);
});

test("the snapshots of a key that may only read leave space on the disk for another key, also after a restart", {
  timeout: 60_000,
}, async () => {
  const reader = { name: "reader", apiKey: "reader-0123456789abcdef", scopes: ["read" as const] };
  const asReader = { authorization: `Bearer ${reader.apiKey}` };
  await using server = await TestServer.start({ server: { keys: [...keys, reader], maxJobsMb: 1 } });
  await server.post("/v1/collections", { name: "pets" }, authorized("one"));
  const vectors = Array.from({ length: 600 }, (_, at) => ({
    source: `https://example.com/${at}.jpg`,
    vector: Array.from({ length: 16 }, (_, place) => Math.sin(at * 16 + place)),
  }));
  const given = { embedder: "memory, 16 dimensions", vectors };
  assert.equal((await server.post("/v1/collections/pets/vectors", given, authorized("one"))).body.stored, 600);
  const exported = async () => {
    const { id } = (await server.post("/v1/jobs", { kind: "export", collection: "pets" }, asReader)).body;
    await (await fetch(`${server.url}/v1/jobs/${id}/events`, { headers: asReader })).text();
    return (await server.get(`/v1/jobs/${id}`, asReader)).body;
  };
  let last = await exported();
  assert.equal(last.state, "completed");
  for (let seq = 0; seq < 50 && last.state === "completed"; seq += 1) last = await exported();
  assert.deepEqual([last.state, last.error.code], ["failed", "snapshot_too_large"]);
  await server.stop();
  await server.restart();
  assert.equal((await exported()).state, "failed", "the snapshots of the earlier server count");
  const image = { base64: Buffer.alloc(200_000, 1).toString("base64") };
  assert.equal((await server.post("/v1/jobs", { collection: "pets", images: [image] }, authorized("two"))).status, 202);
});

test("event streams have a limit of their own for each key, and take no place of other requests", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const limits = { maxStreams: 3, maxConcurrent: 1, maxWaiting: 1 };
  await using server = await TestServer.start({ server: { keys, ...limits }, embedder: { work: () => holding } });
  await server.post("/v1/collections", { name: "pets" }, authorized("one"));
  const order = { collection: "pets", images: [{ base64: base64(1) }] };
  const { id } = (await server.post("/v1/jobs", order, authorized("one"))).body;
  const open = async (name: Name) => {
    const leaving = new AbortController();
    const { status } = await fetch(`${server.url}/v1/jobs/${id}/events`, { headers: authorized(name), signal: leaving.signal });
    return { status, leave: () => leaving.abort() };
  };
  const streams = [await open("one"), await open("one"), await open("one")];
  assert.deepEqual(
    streams.map(({ status }) => status),
    [200, 200, 200],
  );
  const { status, body } = await server.get(`/v1/jobs/${id}/events`, authorized("one"));
  assert.deepEqual([status, body.code], [503, "server_busy"]);
  const ofOther = await open("two");
  assert.equal(ofOther.status, 200);
  for (const name of names) assert.equal((await server.get(`/v1/jobs/${id}`, authorized(name))).status, 200);
  streams[0]?.leave();
  await waitUntil(
    "a stream of the key has ended",
    async () => {
      const next = await open("one");
      streams.push(next);
      return next.status === 200;
    },
    { timeoutMs: 10_000 },
  );
  for (const { leave } of [...streams, ofOther]) leave();
  letGo();
});

test("a client that does not read its answer is disconnected, and one that only has no news is not", { timeout: 60_000 }, async () => {
  let letGo = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let isHeld = false;
  const work = async (): Promise<void> => (isHeld ? holding : undefined);
  await using server = await TestServer.start({ server: { readTimeout: 0.5 }, embedder: { work } });
  await server.post("/v1/collections", { name: "pets" });
  const large = Buffer.alloc(40_000_000, 1).toString("base64");
  assert.equal((await server.post("/v1/collections/pets/images", { images: [{ base64: large, id: "large" }] })).body.stored, 1);
  isHeld = true;
  const sent = { collection: "pets", images: [{ base64: base64(1) }] };
  await server.post("/v1/jobs", sent);
  await server.post("/v1/jobs", sent);
  // Waits behind the others, so it has no news.
  const { id } = (await server.post("/v1/jobs", sent)).body;
  const watching = (await fetch(`${server.url}/v1/jobs/${id}/events`)).text();
  const { hostname, port } = new URL(server.url);
  const client = connect(Number(port), hostname);
  client.write("GET /v1/collections/pets/images/large/original HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const isLogged = async (): Promise<boolean> => server.logged.some(({ path }) => String(path).endsWith("/original"));
  await waitUntil("the answer has ended", isLogged, { timeoutMs: 20_000 });
  let bytes = 0;
  client.on("data", (chunk) => {
    bytes += chunk.byteLength;
  });
  client.on("error", () => undefined);
  await once(client, "close");
  assert.ok(bytes < 40_000_000, `${bytes} bytes`);
  letGo();
  assert.match(await watching, /"state":"completed"/);
});
