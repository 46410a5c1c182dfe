/** Collections, insertions, deletions and searches over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageEmbeddingPipeline } from "../../src/app/index.js";
import { base64, damaged, image, TestServer } from "./running.js";

test("a collection is created, listed, described and deleted", async () => {
  await using server = await TestServer.start();
  const created = await server.post("/v1/collections", { name: "pets", metric: "ip", id_type: "int64" });
  assert.equal(created.status, 201);
  assert.equal(created.headers.get("location"), "/v1/collections/pets");
  const pets = {
    name: "pets",
    aliases: [],
    count: 0,
    dimension: 16,
    metric: "ip",
    id_type: "int64",
    index: "none",
    indexed_keys: [],
    indexable_keys: [],
    made_with: null,
  };
  assert.deepEqual(created.body, pets);
  assert.deepEqual((await server.get("/v1/collections")).body, { collections: [pets] });
  assert.deepEqual((await server.get("/v1/collections/pets")).body, pets);
  const again = await server.post("/v1/collections", { name: "pets" });
  assert.deepEqual([again.status, again.body.code], [409, "collection_exists"]);
  assert.equal((await server.send("DELETE", "/v1/collections/pets")).status, 204);
  const gone = await server.get("/v1/collections/pets");
  assert.deepEqual([gone.status, gone.body.code], [404, "collection_not_found"]);
});

test("what clients delete is kept: rows by id and by filter, and whole collections", async () => {
  let opened: ImageEmbeddingPipeline | undefined;
  await using server = await TestServer.start({
    wrap: (pipeline) => {
      opened = pipeline;
      return pipeline;
    },
  });
  await server.post("/v1/collections", { name: "pets" });
  const images = [1, 2, 3, 4, 5].map((number) => ({ base64: base64(number), id: `pet ${number}`, metadata: { number } }));
  assert.equal((await server.post("/v1/collections/pets/images", { images })).body.stored, 5);
  assert.equal((await server.post("/v1/collections/pets/images/delete", { ids: ["pet 1"] })).body.deleted, 1);
  assert.equal((await server.post("/v1/collections/pets/images/delete", { filter: "number < 4" })).body.deleted, 2);
  assert.equal((await server.send("DELETE", "/v1/collections/pets")).status, 204);
  const files = await opened!.deletedFiles("pets");
  assert.deepEqual(
    files.map(({ rows, command }) => [rows, command]),
    [
      [2, "collection drop"],
      [2, "delete"],
      [1, "delete"],
    ],
  );
  for (const { file } of files) await (await opened!.restore({ collectionName: "pets", file }).start()).done;
  const { body } = await server.get("/v1/collections/pets");
  assert.deepEqual([body.count, body.dimension], [5, 16]);
});

test("aliases are listed with their collection, and paths take them", async () => {
  let setAlias = async (_alias: string): Promise<void> => undefined;
  await using server = await TestServer.start({
    wrap: (pipeline) => {
      setAlias = (alias) => pipeline.aliases.set(alias, "dogs");
      return pipeline;
    },
  });
  for (const name of ["cats", "dogs"]) await server.post("/v1/collections", { name });
  for (const alias of ["pets", "favourites"]) await setAlias(alias);
  const { body } = await server.get("/v1/collections");
  assert.deepEqual(
    body.collections.map(({ name, aliases }: { name: string; aliases: string[] }) => [name, ...aliases]),
    [["cats"], ["dogs", "favourites", "pets"]],
  );
  const described = await server.get("/v1/collections/pets");
  assert.deepEqual([described.body.name, described.body.aliases], ["dogs", ["favourites", "pets"]]);
});

test("images are inserted as JSON with ids and metadata; one that fails does not stop the others", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const images = [
    { base64: base64(1), id: "one", metadata: { year: 2020 } },
    { base64: damaged, id: "two" },
    { url: `data:image/png;base64,${base64(3)}`, metadata: { kind: "cat" } },
    { url: "http://127.0.0.1:1/a.jpg", id: "four" },
  ];
  const { status, body } = await server.post("/v1/collections/pets/images", { images });
  assert.deepEqual([status, body.stored, body.unchanged, body.failed], [200, 2, 0, 2]);
  assert.deepEqual(
    body.items.map(({ index, status, problem }: { index: number; status: string; problem?: { code: string } }) => [
      index,
      status,
      problem?.code,
    ]),
    [
      [0, "stored", undefined],
      [1, "failed", "image_corrupt"],
      [2, "stored", undefined],
      [3, "failed", "address_refused"],
    ],
  );
  assert.equal(body.items[0].id, "one");
  const again = await server.post("/v1/collections/pets/images", { images: images.slice(0, 1) });
  assert.deepEqual([again.body.stored, again.body.unchanged, again.body.items[0].status], [0, 1, "stored"]);
});

test("uploaded files are stored with the ids and the metadata of their fields", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const fields = { ids: '["a","b"]', metadata: '[{"year":1},null]' };
  const { status, body } = await server.upload("/v1/collections/pets/images", [image(1), image(2)], fields);
  assert.equal(status, 200);
  assert.deepEqual(
    body.items.map(({ id }: { id: string }) => id),
    ["a", "b"],
  );
  const short = await server.upload("/v1/collections/pets/images", [image(1), image(2)], { ids: '["a"]' });
  assert.deepEqual([short.status, short.body.code], [422, "request_invalid"]);
  assert.match(short.body.detail, /ids: expected 2 entries, one per file, found 1/);
  const broken = await server.upload("/v1/collections/pets/images", [image(1)], { ids: "a" });
  assert.deepEqual([broken.status, broken.body.code], [422, "request_invalid"]);
});

test("the first mistakes of a user say what to do: a body without its type, and a file when no folder is allowed", async () => {
  await using server = await TestServer.start();
  const form = await server.send("POST", "/v1/collections", {
    body: '{"name": "pets"}',
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  assert.match(form.body.detail, /content-type: expected application\/json/);
  await server.post("/v1/collections", { name: "pets" });
  for (const [path, body] of [
    ["/v1/collections/pets/images", { images: [{ path: "cat.jpg" }] }],
    ["/v1/jobs", { collection: "pets", sources: ["/photos"] }],
  ] as const) {
    const { body: problem } = await server.post(path, body);
    assert.deepEqual([problem.code, /server\.allowed_roots is empty/.test(problem.detail)], ["path_refused", true], path);
  }
});

test("an insertion does not create a collection", async () => {
  await using server = await TestServer.start();
  const { status, body } = await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1) }] });
  assert.deepEqual([status, body.code], [404, "collection_not_found"]);
  assert.match(body.hint, /POST \/v1\/collections creates one/);
  assert.deepEqual((await server.get("/v1/collections")).body.collections, []);
});

test("fifty clients that insert at the same time are all answered, and every row is stored once", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      server.post("/v1/collections/pets/images", { images: [{ base64: base64(index), id: `id-${index % 40}` }] }),
    ),
  );
  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body.failed}`)), new Set(["200 0"]));
  assert.equal((await server.get("/v1/collections/pets")).body.count, 40);
});

test("a search takes an upload, a data URL, base64, a vector or a stored id, with filter, top_k and min_score", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", {
    images: [1, 2, 3].map((value) => ({ base64: base64(value), id: `id-${value}`, metadata: { value } })),
  });
  const path = "/v1/collections/pets/search";
  const firstOf = async (answered: Promise<{ body: { hits: readonly { id: string; score: number; metadata: object }[] } }>) =>
    (await answered).body.hits[0];
  assert.equal((await firstOf(server.upload(path, [image(2)], { top_k: "1" })))?.id, "id-2");
  assert.equal((await firstOf(server.post(path, { url: `data:;base64,${base64(3)}` })))?.id, "id-3");
  assert.equal((await firstOf(server.post(path, { base64: base64(1) })))?.id, "id-1");
  assert.equal((await firstOf(server.post(path, { id: "id-2" })))?.id, "id-2");
  const { body } = await server.post(path, { vector: Array.from({ length: 16 }, (_, index) => index + 1), top_k: 2 });
  assert.equal(body.hits.length, 2);
  const filtered = await server.post(path, { id: "id-1", filter: "value >= 2" });
  assert.deepEqual(filtered.body.hits.map(({ id }: { id: string }) => id).sort(), ["id-2", "id-3"]);
  assert.deepEqual(filtered.body.hits[0].metadata, { value: Number(filtered.body.hits[0].id.slice(3)) });
  const near = await server.post(path, { id: "id-1", min_score: 0.999 });
  assert.deepEqual(
    near.body.hits.map(({ id }: { id: string }) => id),
    ["id-1"],
  );
});

test("a search that cannot be answered says why", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [{ base64: base64(1), id: "one" }] });
  const path = "/v1/collections/pets/search";
  const wrong: readonly (readonly [object, string])[] = [
    [{}, "request_invalid"],
    [{ id: "one", vector: [1] }, "request_invalid"],
    [{ id: "one", top_k: 0 }, "request_invalid"],
    [{ id: "one", topk: 5 }, "request_invalid"],
    [{ id: "other" }, "query_invalid"],
    [{ vector: [1, 2] }, "query_invalid"],
    [{ id: "one", filter: "value >=" }, "filter_invalid"],
    [{ base64: damaged }, "image_corrupt"],
  ];
  for (const [query, code] of wrong) {
    const { status, body } = await server.post(path, query);
    assert.deepEqual([status, body.code, body.status], [422, code, 422], JSON.stringify(query));
  }
});

test("a batch of searches gives each its own hits, and one that fails does not stop the others", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", {
    images: [1, 2, 3].map((value) => ({ base64: base64(value), id: `id-${value}`, metadata: { value } })),
  });
  const path = "/v1/collections/pets/search";
  const searches = [
    { base64: base64(2), top_k: 1 },
    { id: "absent" },
    { id: "id-1", filter: "value >= 2" },
    { base64: damaged },
    { mix: [{ id: "id-1" }, { base64: base64(3), weight: 0.5 }] },
  ];
  const { status, body } = await server.post(`${path}/batch`, { searches });
  assert.equal(status, 200);
  const problems = body.results.map(({ problem }: { problem?: { code: string } }) => problem?.code ?? null);
  assert.deepEqual(problems, [null, "query_invalid", null, "image_corrupt", null]);
  for (const at of [0, 2, 4]) assert.deepEqual(body.results[at].hits, (await server.post(path, searches[at])).body.hits, `search ${at}`);
  const wrong: readonly (readonly [string, object, string])[] = [
    ["pets", { searches: [] }, "request_invalid"],
    ["pets", { searches: Array.from({ length: 101 }, () => ({ id: "id-1" })) }, "request_invalid"],
    ["pets", { searches: [{ id: "id-1", topk: 1 }] }, "request_invalid"],
    ["pets", { searches: Array.from({ length: 2 }, () => ({ id: "id-1", top_k: 501 })) }, "request_invalid"],
    ["dogs", { searches: [{ id: "id-1" }] }, "collection_not_found"],
  ];
  for (const [name, query, code] of wrong) assert.equal((await server.post(`/v1/collections/${name}/search/batch`, query)).body.code, code);
});

test("rows are deleted by ids, which may be numbers, and by a filter", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "numbers", id_type: "int64" });
  const images = [1, 2, 3].map((value) => ({ base64: base64(value), id: value, metadata: { value } }));
  assert.equal((await server.post("/v1/collections/numbers/images", { images })).body.stored, 3);
  const path = "/v1/collections/numbers/images/delete";
  assert.deepEqual((await server.post(path, { ids: [1, "2", "9"] })).body, { deleted: 2 });
  assert.deepEqual((await server.post(path, { filter: "value == 3" })).body, { deleted: 1 });
  assert.equal((await server.post(path, {})).status, 422);
  assert.equal((await server.get("/v1/collections/numbers")).body.count, 0);
});
