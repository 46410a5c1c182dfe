/** Single rows, their number and pages of them over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, TestServer } from "./running.js";

const pets = "/v1/collections/pets";

async function withRows(server: TestServer, ids: readonly (string | number)[], idType: "text" | "int64" = "text"): Promise<void> {
  await server.post("/v1/collections", { name: "pets", id_type: idType });
  await insert(server, ids);
}

async function insert(server: TestServer, ids: readonly (string | number)[]): Promise<void> {
  const images = ids.map((id, index) => ({ base64: base64(1 + (index % 100)), id, metadata: { place: index, kind: "cat" } }));
  assert.equal((await server.post(`${pets}/images`, { images })).body.stored, ids.length);
}

const patch = (server: TestServer, id: string, body: unknown, headers: Record<string, string> = {}) =>
  server.send("PATCH", `${pets}/images/${id}`, {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });

/** Reads all pages, and calls `between` after each. */
async function idsOfPages(server: TestServer, query: string, between: (page: number) => Promise<void> = async () => {}): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  for (let page = 1; page < 100; page += 1) {
    const { status, body } = await server.get(`${pets}/images?pick=all&${query}${cursor}`);
    assert.equal(status, 200, JSON.stringify(body));
    ids.push(...body.images.map(({ id }: { id: string }) => id));
    if (body.next_cursor === null) return ids;
    cursor = `&cursor=${body.next_cursor}`;
    await between(page);
  }
  return assert.fail("the pages do not end");
}

test("a row comes with its facts, and with its vector when asked for, as the embed route makes it", async () => {
  await using server = await TestServer.start();
  await withRows(server, ["a/b 1", "b"]);
  const [vector] = (await server.post("/v1/embed", { images: [{ base64: base64(1) }] })).body.items.map(
    (item: { vector: number[] }) => item.vector,
  );
  const { status, body } = await server.get(`${pets}/images/a%2Fb%201`);
  assert.deepEqual([status, body.id, body.metadata, body.vector], [200, "a/b 1", { place: 0, kind: "cat" }, undefined]);
  assert.ok(Math.abs(Date.parse(body.ingested_at) - Date.now()) < 600_000);
  assert.deepEqual((await server.get(`${pets}/images/a%2Fb%201?vector=float`)).body.vector, vector);
  const packed = (await server.get(`${pets}/images/a%2Fb%201?vector=base64`)).body.vector;
  assert.deepEqual([...new Float32Array(new Uint8Array(Buffer.from(packed, "base64")).buffer)], vector);
});

test("metadata is merged, null removes a key, and the vector and all else of the row stay", async () => {
  await using server = await TestServer.start();
  await withRows(server, ["a", "b"]);
  const before = (await server.get(`${pets}/images/a?vector=float`)).body;
  const { status, body } = await patch(server, "a", { metadata: { kind: null, year: 2025, image_damaged: true, image_label: "dog" } });
  assert.deepEqual([status, body.metadata], [200, { place: 0, year: 2025 }]);
  assert.deepEqual((await server.get(`${pets}/images/a?vector=float`)).body, { ...before, metadata: { place: 0, year: 2025 } });
  assert.equal((await server.get(`${pets}/count?filter=year%20%3D%3D%202025`)).body.count, 1);
  assert.deepEqual((await server.get(`${pets}/images/b`)).body.metadata, { place: 1, kind: "cat" });
  assert.deepEqual((await patch(server, "a", { metadata: {} })).body.metadata, { place: 0, year: 2025 });
});

test("clients that change different keys of a row at once lose nothing", async () => {
  await using server = await TestServer.start();
  await withRows(server, ["a"]);
  const keys = Array.from({ length: 30 }, (_, index) => `key_${index}`);
  const answers = await Promise.all(keys.map((key, index) => patch(server, "a", { metadata: { [key]: index } })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const { metadata } = (await server.get(`${pets}/images/a`)).body;
  assert.deepEqual(
    keys.map((key) => metadata[key]),
    keys.map((_, index) => index),
  );
});

test("the pages reach each row once, in the order of the ids, while rows are inserted and deleted", async () => {
  await using server = await TestServer.start({ server: { maxImages: 200 } });
  const ids = Array.from({ length: 150 }, (_, index) => `id-${String(index).padStart(3, "0")}`);
  await withRows(server, ids.toReversed());
  assert.deepEqual(await idsOfPages(server, "limit=7"), ids);
  const read = await idsOfPages(server, "limit=40", async (page) => {
    if (page !== 1) return;
    await insert(server, ["id-000a", "id-149a"]);
    await server.post(`${pets}/images/delete`, { ids: ["id-003", "id-039", "id-100"] });
  });
  assert.deepEqual(read, [...ids.filter((id) => id !== "id-100"), "id-149a"]);
  assert.deepEqual(await idsOfPages(server, "limit=2&filter=place%20%3C%203%20or%20place%20%3E%20147"), [
    "id-000",
    "id-000a",
    "id-001",
    "id-147",
    "id-148",
    "id-149",
    "id-149a",
  ]);
  const { images } = (await server.get(`${pets}/images?pick=all&limit=3&vector=float`)).body;
  assert.deepEqual(
    images.map(({ vector }: { vector: number[] }) => vector.length),
    [16, 16, 16],
  );
});

test("ids that are numbers are pages in the order of numbers", async () => {
  await using server = await TestServer.start();
  await withRows(server, [10, 9, -2, 100], "int64");
  assert.deepEqual(await idsOfPages(server, "limit=1"), ["-2", "9", "10", "100"]);
  assert.equal((await patch(server, "9", { metadata: { year: 1 } })).body.metadata.year, 1);
  const wrong = await server.get(`${pets}/images?pick=all&cursor=${Buffer.from("cat").toString("base64url")}`);
  assert.deepEqual([wrong.status, wrong.body.code], [422, "request_invalid"]);
});

test("what a client may send wrongly is refused with a stable code", async () => {
  await using server = await TestServer.start();
  await withRows(server, ["a"]);
  const reads: readonly (readonly [string, number, string])[] = [
    [`${pets}/images/none`, 404, "row_not_found"],
    [`${pets}/images/a?vector=yes`, 422, "request_invalid"],
    ["/v1/collections/none/images/a", 404, "collection_not_found"],
    ["/v1/collections/none/count", 404, "collection_not_found"],
    [`${pets}/count?filter=((`, 422, "filter_invalid"],
    [`${pets}/images?pick=all&cursor=%00`, 422, "request_invalid"],
    [`${pets}/images?pick=all&cursor=YQ%3D%3D`, 422, "request_invalid"],
    [`${pets}/images?cursor=YQ`, 422, "request_invalid"],
    [`${pets}/images?vector=float`, 422, "request_invalid"],
    [`${pets}/images?pick=all&limit=1001`, 422, "request_invalid"],
    [`${pets}/images?pick=all&filter=((`, 422, "filter_invalid"],
  ];
  for (const [path, status, code] of reads) {
    const answer = await server.get(path);
    assert.deepEqual([answer.status, answer.body.code], [status, code], path);
  }
  const writes: readonly (readonly [string, unknown, number, string])[] = [
    ["none", { metadata: { year: 1 } }, 404, "row_not_found"],
    ["a", {}, 422, "request_invalid"],
    ["a", { metadata: null }, 422, "request_invalid"],
    ["a", { metadata: { tags: ["x"] } }, 422, "request_invalid"],
    ["a", { metadata: { source: "x" } }, 422, "metadata_name"],
    ["a", { metadata: { place: "text" } }, 422, "metadata_type"],
    ["a", { metadata: { year: 1 }, vector: [1] }, 422, "request_invalid"],
  ];
  for (const [id, body, status, code] of writes) {
    const answer = await patch(server, id, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body));
  }
  assert.deepEqual((await server.get(`${pets}/images/a`)).body.metadata, { place: 0, kind: "cat" });
});

test("reading rows needs the scope read, and changing them write", async () => {
  const keys = (["read", "write", "admin"] as const).map((scope) => ({
    name: scope,
    apiKey: `${scope}-0123456789abcdef`,
    scopes: [scope],
  }));
  await using server = await TestServer.start({ server: { keys } });
  const as = (scope: string) => ({ authorization: `Bearer ${scope}-0123456789abcdef` });
  await server.post("/v1/collections", { name: "pets" }, as("admin"));
  await server.post(`${pets}/images`, { images: [{ base64: base64(1), id: "a" }] }, as("write"));
  for (const path of [`${pets}/images/a`, `${pets}/count`, `${pets}/images?pick=all`]) {
    assert.equal((await server.get(path, as("read"))).status, 200, path);
    assert.equal((await server.get(path, as("write"))).body.code, "scope_missing", path);
  }
  assert.equal((await patch(server, "a", { metadata: { year: 1 } }, as("read"))).body.code, "scope_missing");
  assert.equal((await patch(server, "a", { metadata: { year: 1 } }, as("write"))).status, 200);
});
