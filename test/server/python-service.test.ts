/** Clients of the Python service get the JSON that they know. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, damaged, TestServer } from "./running.js";

const dataUrl = (value: number): string => `data:image/png;base64,${base64(value)}`;
const inputs = [1, 2, 3].map(dataUrl);
const ids = ["a", "b", "c"];

test("a client creates a collection, inserts, searches, counts, deletes and lists, as with the Python service", async () => {
  await using server = await TestServer.start();
  assert.deepEqual((await server.get("/health")).body, { status: "healthy", components: { embedder: true, store: true } });
  const created = await server.post("/collections/create", { name: "demo", dim: 16, description: "a demo" });
  assert.deepEqual([created.status, created.body], [200, { message: "Collection 'demo' created successfully" }]);
  const metadata = [{ kind: "cat" }, { kind: "dog" }, { kind: "dog" }];
  const inserted = await server.post("/insert", { inputs, ids, metadata, collection_name: "demo", batch_size: 2 });
  assert.deepEqual([inserted.status, inserted.body], [200, { inserted_ids: ids, count: 3 }]);
  const query = { query_input: dataUrl(2), topk: 2, filter_expr: 'kind == "dog"', collection_name: "demo" };
  const { body: found } = await server.post("/search", query);
  assert.deepEqual([found.count, found.results[0].id, found.results[0].metadata], [2, "b", { kind: "dog" }]);
  assert.ok(found.results[0].score > found.results[1].score && found.query_time_ms > 0);
  assert.deepEqual((await server.get("/collections/demo/stats")).body, { name: "demo", num_entities: 3, description: "" });
  assert.deepEqual((await server.get("/collections")).body, { collections: ["demo"], count: 1 });
  assert.deepEqual((await server.post("/delete", { ids: ["a", "none"], collection_name: "demo" })).body, {
    message: "Deleted 1 embeddings",
  });
  const byFilter = await server.post("/delete", { filter_expr: 'kind == "dog"', collection_name: "demo" });
  assert.deepEqual(byFilter.body, { message: "Deleted 2 embeddings" });
  const dropped = await server.send("DELETE", "/collections/demo");
  assert.deepEqual([dropped.status, dropped.body], [200, { message: "Collection 'demo' deleted successfully" }]);
});

test("vectors are those of the embed route, and the default collection is the configured one", async () => {
  await using server = await TestServer.start();
  const { body } = await server.post("/embed", { inputs, batch_size: null });
  const own = await server.post("/v1/embed", { images: inputs.map((url) => ({ url })) });
  const embeddings = own.body.items.map(({ vector }: { vector: number[] }) => vector);
  assert.deepEqual(body, { embeddings, count: 3, embedding_dim: 16 });
  await server.post("/collections/create", { name: "images" });
  assert.equal((await server.post("/insert", { inputs, ids })).body.count, 3);
  assert.equal((await server.post("/search", { query_input: dataUrl(3) })).body.results[0].id, "c");
});

test("errors have a detail, a code and the status that they deserve; what could be stored is stored", async () => {
  await using server = await TestServer.start();
  await server.post("/collections/create", { name: "images" });
  const wrong: readonly (readonly [string, object, number, string])[] = [
    ["/insert", { inputs, ids: ["a"] }, 422, "request_invalid"],
    ["/insert", { inputs, ids, collection_name: "none" }, 404, "collection_not_found"],
    ["/insert", { inputs: ["/etc/passwd"], ids: ["a"] }, 422, "path_refused"],
    ["/insert", { inputs: ["http://127.0.0.1/a.jpg"], ids: ["a"] }, 422, "address_refused"],
    ["/embed", { inputs: [dataUrl(1), `data:image/png;base64,${damaged}`] }, 422, "image_corrupt"],
    ["/search", { query_input: dataUrl(1), filter_expr: "kind ==" }, 422, "filter_invalid"],
    ["/search", { query_input: dataUrl(1), topk: 0 }, 422, "request_invalid"],
    ["/delete", {}, 422, "request_invalid"],
    ["/collections/create", { name: "images" }, 409, "collection_exists"],
    ["/collections/create", { name: "more", dim: 512 }, 422, "dimension_mismatch"],
  ];
  for (const [path, request, status, code] of wrong) {
    const { body, ...answer } = await server.post(path, request);
    assert.deepEqual([answer.status, body.code, Object.keys(body)], [status, code, ["detail", "code"]], JSON.stringify(request));
  }
  const partly = await server.post("/insert", { inputs: [dataUrl(1), `data:image/png;base64,${damaged}`], ids: ["a", "b"] });
  assert.deepEqual([partly.status, partly.body.code], [422, "image_corrupt"]);
  assert.match(partly.body.detail, /^1 of 2 images failed, the others are stored\. The first: /);
  assert.equal((await server.get("/collections/images/stats")).body.num_entities, 1);
});
