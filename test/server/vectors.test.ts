/** Vectors that clients have made themselves: hostile rows, what is stored, and what happens to the rows later. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { image, TestServer } from "./running.js";

const pets = "/v1/collections/pets";
const embedder = "memory, 16 dimensions";
/** A vector of 16 numbers and length 1, another one for each seed. */
const unit = (seed: number): number[] => Array.from({ length: 16 }, (_, at) => (at === seed % 16 ? 0.8 : at === (seed + 1) % 16 ? 0.6 : 0));
const packed = (vector: readonly number[]): string => Buffer.from(Float32Array.from(vector).buffer).toString("base64");
const close = (a: readonly number[], b: readonly number[]): boolean => a.every((value, at) => Math.abs(value - b[at]!) < 1e-6);

const folder = mkdtempSync(join(tmpdir(), "headrace-vectors-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const photo = join(folder, "photo.jpg");
writeFileSync(photo, image(7));

async function start(more: Parameters<typeof TestServer.start>[0] = {}): Promise<TestServer> {
  const server = await TestServer.start({ store: "lancedb", ...more, server: { allowedRoots: [folder], ...more.server } });
  const { status } = await server.post("/v1/collections", { name: "pets" }, more.server?.keys ? bearer("operator") : {});
  assert.equal(status, 201);
  return server;
}

const bearer = (name: string) => ({ authorization: `Bearer ${name}-0123456789abcdef` });
const insert = (server: TestServer, vectors: readonly object[], name = embedder, headers = {}) =>
  server.post(`${pets}/vectors`, { embedder: name, vectors }, headers);
const codes = ({ body }: { body: { items: { status: string; problem?: { code: string } }[] } }) =>
  body.items.map(({ status, problem }) => problem?.code ?? status);
const rowsOf = async (server: TestServer) => (await server.get(`${pets}/images?pick=all&vector=float`)).body.images;

describe("what is refused", () => {
  test("a row names neither the bytes nor the version of its image", async () => {
    await using server = await start();
    for (const field of ["content", "version", "root", "width"]) {
      const { status, body } = await insert(server, [{ source: "https://example.com/a.jpg", vector: unit(1), [field]: "00" }]);
      assert.deepEqual([status, body.code], [422, "request_invalid"], field);
    }
    assert.equal((await server.get(`${pets}/count`)).body.count, 0);
  });

  test("a source that requests may not name fails alone, whether it exists or not", async () => {
    await using server = await start();
    const sources = [
      "/etc/passwd",
      "/etc/none.jpg",
      "photo.jpg",
      join(folder, "..", "elsewhere.jpg"),
      "file:///etc/passwd",
      `sha256:${"0".repeat(64)}`,
      "data:image/png;base64,AAAA",
      "s3://bucket/a.jpg",
      "tar:///etc/photos.tar#a.jpg",
      "gopher://example.com/a.jpg",
      "bytes:",
    ];
    const answer = await insert(
      server,
      [...sources, "https://example.com/a.jpg"].map((source, at) => ({ source, vector: unit(at) })),
    );
    assert.equal(answer.status, 200);
    assert.deepEqual(codes(answer), [...sources.map(() => "source_forbidden"), "stored"]);
    assert.doesNotMatch(JSON.stringify(answer.body), /passwd|elsewhere/, "messages do not tell of the disk");
    const unreadable = ["file://other.example/a.jpg", "file:///%00.jpg", "https://", "tar://%#a"];
    for (const source of unreadable) {
      const { status, body } = await insert(server, [{ source, vector: unit(1) }]);
      assert.ok(status === 200 && body.failed === 1, `${source}: ${status} ${JSON.stringify(body)}`);
    }
    assert.equal((await server.get(`${pets}/count`)).body.count, 1);
  });

  test("a vector that cannot be one of the collection fails alone", async () => {
    await using server = await start();
    const wrong = [
      unit(1).slice(1),
      [...unit(1), 0],
      unit(1).map(() => 0),
      unit(1).map(() => 1e300),
      packed(unit(1).slice(2)),
      packed([Number.NaN, ...unit(1).slice(1)]),
    ];
    const vectors = [...wrong, unit(3)].map((vector, at) => ({ source: `https://example.com/${at}.jpg`, vector }));
    const answer = await insert(server, vectors);
    assert.deepEqual(codes(answer), [...wrong.map(() => "vector_invalid"), "stored"]);
    assert.match(answer.body.items[0].problem.detail, /expected 16 numbers, found 15/);
    for (const vector of [[], "", "AAA", "no base64!", ["0.5"], null, 5]) {
      const { status, body } = await insert(server, [{ source: "https://example.com/x.jpg", vector }]);
      assert.deepEqual([status, body.code], [422, "request_invalid"], JSON.stringify(vector));
    }
    assert.equal((await server.get(`${pets}/count`)).body.count, 1);
  });

  test("a second row with the same id, an id of another type and metadata without a column fail alone", async () => {
    await using server = await start();
    const source = "https://example.com/a.jpg";
    const answer = await insert(server, [
      { source, vector: unit(1) },
      { source, vector: unit(2) },
      { source: "https://example.com/b.jpg", vector: unit(2), id: "b" },
      { source: "https://example.com/c.jpg", vector: unit(3), id: "b" },
      { source: "https://example.com/d.jpg", vector: unit(4), metadata: { "no name": 1 } },
      { source: "https://example.com/e.jpg", vector: unit(5), metadata: { content: "x" } },
    ]);
    assert.deepEqual(codes(answer), ["stored", "id_duplicate", "stored", "id_duplicate", "metadata_name", "metadata_name"]);
    assert.ok(close((await server.get(`${pets}/images/b?vector=float`)).body.vector, unit(2)), "the first one stays");
    await server.post("/v1/collections", { name: "numbers", id_type: "int64" });
    const given = [
      { source, vector: unit(1), id: "x" },
      { source: "https://example.com/f.jpg", vector: unit(1), id: 7 },
    ];
    assert.deepEqual(codes(await server.post("/v1/collections/numbers/vectors", { embedder, vectors: given })), ["id_invalid", "stored"]);
  });

  test("vectors of another model are refused with both names, also in an empty collection, and nothing is written", async () => {
    await using server = await start();
    const row = { source: "https://example.com/a.jpg", vector: unit(1) };
    const refused = async () => {
      const { status, body } = await insert(server, [row], "resnet");
      assert.deepEqual([status, body.code], [409, "passport_mismatch"]);
      assert.match(body.detail, /"memory, 16 dimensions".*"resnet"/);
    };
    await refused();
    assert.equal((await server.get(pets)).body.made_with, null, "the collection still belongs to no model");
    assert.equal((await insert(server, [row])).body.stored, 1);
    assert.equal((await server.get(pets)).body.made_with.model, embedder);
    await refused();
    assert.equal((await rowsOf(server)).length, 1);
  });

  test("too many rows, too many bytes, a bad line and an unknown collection are refused as a whole", async () => {
    await using server = await start({ server: { maxBodyMb: 1 } });
    const rows = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ source: `https://example.com/${at}.jpg`, vector: unit(at) }));
    const tooMany = await insert(
      server,
      rows(1001).map((row) => ({ ...row, vector: packed(row.vector) })),
    );
    assert.deepEqual([tooMany.status, tooMany.body.code], [413, "body_too_large"]);
    const lines = (text: string) =>
      server.send("POST", `${pets}/vectors?embedder=${encodeURIComponent(embedder)}`, {
        body: text,
        headers: { "content-type": "application/jsonl" },
      });
    assert.equal((await lines(`${" ".repeat(2 << 20)}\n`)).body.code, "body_too_large");
    const bad = await lines(`${JSON.stringify(rows(1)[0])}\n{"source": 5}\n`);
    assert.deepEqual([bad.status, bad.body.code], [422, "request_invalid"]);
    assert.match(bad.body.detail, /^line 2\./);
    assert.equal((await lines("\n")).body.code, "request_invalid");
    const unnamed = await server.send("POST", `${pets}/vectors`, {
      body: JSON.stringify(rows(1)[0]),
      headers: { "content-type": "application/jsonl" },
    });
    assert.match(unnamed.body.detail, /^embedder: expected a parameter in the URL/);
    assert.equal((await server.post("/v1/collections/none/vectors", { embedder, vectors: rows(1) })).body.code, "collection_not_found");
    assert.equal((await server.upload(`${pets}/vectors`, [image(1)])).body.code, "media_type_unsupported");
    assert.equal((await server.get(`${pets}/count`)).body.count, 0);
  });

  test("a key needs the scope write, and the collection", async () => {
    const keys = [
      { name: "operator", apiKey: "operator-0123456789abcdef", scopes: ["read", "write", "admin"] as const },
      { name: "reader", apiKey: "reader-0123456789abcdef", scopes: ["read"] as const },
      { name: "other", apiKey: "other-0123456789abcdef", scopes: ["write"] as const, collections: ["birds"] },
    ].map((key) => ({ ...key, scopes: [...key.scopes] }));
    await using server = await start({ server: { keys } });
    const rows = [{ source: "https://example.com/a.jpg", vector: unit(1) }];
    assert.equal((await insert(server, rows, embedder, bearer("reader"))).body.code, "scope_missing");
    assert.equal((await insert(server, rows, embedder, bearer("other"))).body.code, "collection_refused");
    assert.equal((await insert(server, rows)).body.code, "key_missing");
    assert.equal((await insert(server, rows, embedder, bearer("operator"))).body.stored, 1);
  });
});

describe("what is stored", () => {
  test("a row has its source, its metadata and its vector in length 1, and no content, and searches find it", async () => {
    await using server = await start();
    const answer = await insert(server, [
      { source: "https://example.com/a.jpg", vector: unit(1).map((value) => value * 3), id: "a", metadata: { year: 2024 } },
      { source: photo, vector: packed(unit(5)) },
    ]);
    assert.deepEqual([answer.status, answer.body.stored, answer.body.unchanged, answer.body.failed], [200, 2, 0, 0]);
    const rows = await rowsOf(server);
    const [a] = rows.filter(({ id }: { id: string }) => id === "a");
    assert.deepEqual([a.source, a.metadata, a.content, a.width, a.height], ["https://example.com/a.jpg", { year: 2024 }, "", 0, 0]);
    assert.ok(close(a.vector, unit(1)));
    const [file] = rows.filter(({ id }: { id: string }) => id !== "a");
    assert.equal(file.source, pathToFileURL(photo).href);
    assert.ok(close(file.vector, unit(5)));
    const { hits } = (await server.post(`${pets}/search`, { vector: unit(5), top_k: 1 })).body;
    assert.deepEqual([hits[0].id, hits[0].score > 0.999], [answer.body.items[1].id, true]);
    assert.equal((await server.get(`${pets}/images/${file.id}/thumbnail`)).status, 404, "the fake decoder makes no pictures");
  });

  test("the same request again changes nothing, and lines are the same request", async () => {
    await using server = await start();
    const rows = [1, 2, 3].map((at) => ({ source: `https://example.com/${at}.jpg`, vector: unit(at), metadata: { at } }));
    assert.equal((await insert(server, rows)).body.stored, 3);
    const before = await Promise.all((await rowsOf(server)).map(({ id }: { id: string }) => server.get(`${pets}/images/${id}`)));
    const again = (await insert(server, rows)).body;
    assert.deepEqual([again.stored, again.unchanged, again.failed], [0, 3, 0]);
    const lines = await server.send("POST", `${pets}/vectors?embedder=${encodeURIComponent(embedder)}`, {
      body: rows.map((row) => `${JSON.stringify({ ...row, vector: packed(row.vector) })}\n`).join("\n"),
      headers: { "content-type": "application/x-ndjson" },
    });
    assert.deepEqual([lines.status, lines.body.stored, lines.body.unchanged], [200, 0, 3]);
    const now = await Promise.all(before.map(({ body }) => server.get(`${pets}/images/${body.id}`)));
    assert.deepEqual(
      now.map(({ body }) => body),
      before.map(({ body }) => body),
    );
  });

  test("a new vector replaces the old one and keeps the metadata, unless the row brings some", async () => {
    await using server = await start();
    const source = "https://example.com/a.jpg";
    const row = async () => (await rowsOf(server))[0];
    await insert(server, [{ source, vector: unit(1), metadata: { year: 2024 } }]);
    assert.equal((await insert(server, [{ source, vector: unit(2) }])).body.stored, 1);
    assert.deepEqual((await row()).metadata, { year: 2024 });
    assert.ok(close((await row()).vector, unit(2)));
    assert.equal((await insert(server, [{ source, vector: unit(2), metadata: { colour: "grey" } }])).body.stored, 1);
    assert.deepEqual((await row()).metadata, { colour: "grey" });
    assert.ok(close((await row()).vector, unit(2)));
    assert.equal((await insert(server, [{ source, vector: unit(2), metadata: {} }])).body.stored, 1);
    assert.deepEqual((await row()).metadata, {});
  });

  test("with an Idempotency-Key, the answer of the first request comes again", async () => {
    await using server = await start();
    const rows = [{ source: "https://example.com/a.jpg", vector: unit(1) }];
    await insert(server, rows, embedder, { "idempotency-key": "once" });
    const again = await insert(server, rows, embedder, { "idempotency-key": "once" });
    assert.deepEqual([again.body.stored, again.headers.get("idempotency-replayed")], [1, "true"]);
  });
});

describe("later", () => {
  test("an insertion of the image itself embeds it, and keeps the metadata", async () => {
    await using server = await start();
    await insert(server, [{ source: photo, vector: unit(3), metadata: { year: 2024 } }]);
    assert.equal((await server.post(`${pets}/images`, { images: [{ path: photo }] })).body.stored, 1);
    const [row, ...others] = await rowsOf(server);
    const [{ vector }] = (await server.post("/v1/embed", { images: [{ path: photo }] })).body.items;
    assert.deepEqual([others, row.metadata, row.content.length, close(row.vector, vector)], [[], { year: 2024 }, 64, true]);
    assert.equal((await insert(server, [{ source: photo, vector: unit(3) }])).body.stored, 1);
    const [mine] = await rowsOf(server);
    assert.deepEqual([mine.content, mine.metadata, close(mine.vector, unit(3))], ["", { year: 2024 }, true]);
  });

  test("a change of metadata beside a new vector loses neither", async () => {
    await using server = await start();
    const source = "https://example.com/a.jpg";
    await insert(server, [{ source, vector: unit(0), id: "a" }]);
    for (let round = 1; round <= 8; round += 1) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ metadata: { round } });
      const [changed, stored] = await Promise.all([
        server.send("PATCH", `${pets}/images/a`, { body, headers }),
        insert(server, [{ source, vector: unit(round), id: "a" }]),
      ]);
      assert.deepEqual([changed.status, stored.body.stored], [200, 1]);
      const [row] = await rowsOf(server);
      assert.deepEqual([row.metadata, close(row.vector, unit(round))], [{ round }, true]);
    }
  });

  test("beside a running job of the same collection, no row of either is lost", async () => {
    await using server = await start();
    const images = Array.from({ length: 60 }, (_, at) => ({ base64: Buffer.from(image(at + 1)).toString("base64"), id: `image-${at}` }));
    const { body: job } = await server.post("/v1/jobs", { collection: "pets", images });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, request) =>
        insert(
          server,
          Array.from({ length: 20 }, (_, at) => ({
            source: `https://example.com/${request}/${at}.jpg`,
            vector: unit(at),
            id: `vector-${request}-${at}`,
          })),
        ),
      ),
    );
    await (await fetch(`${server.url}/v1/jobs/${job.id}/events`)).text();
    assert.equal((await server.get(`/v1/jobs/${job.id}`)).body.state, "completed");
    assert.deepEqual(
      answers.map(({ body }) => body.stored),
      answers.map(() => 20),
    );
    assert.equal((await server.get(`${pets}/count`)).body.count, 60 + 12 * 20);
    assert.equal((await server.get(`${pets}/images?pick=spread&limit=100`)).body.images.length, 100);
  });
});
