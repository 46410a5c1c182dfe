/** Searches by words over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OneWord } from "./one-word.js";
import { base64, TestServer } from "./running.js";

async function withImages(server: TestServer): Promise<void> {
  await server.post("/v1/collections", { name: "pets" });
  const images = [1, 2, 3].map((value) => ({ base64: base64(value), id: `id-${value}` }));
  assert.equal((await server.post("/v1/collections/pets/images", { images })).body.stored, 3);
}

test("words find images; an unknown word is a problem of the request", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord() });
  await withImages(server);
  const { status, body } = await server.post("/v1/collections/pets/search", { text: "stored", top_k: 1 });
  assert.deepEqual([status, body.hits.length], [200, 1]);
  const unknown = await server.post("/v1/collections/pets/search", { text: "other" });
  assert.deepEqual([unknown.status, unknown.body.code, unknown.body.suggestions], [422, "word_unknown", ["stored"]]);
  const service = await server.get("/v1/service");
  assert.deepEqual([service.body.texts, service.body.scopes], ["labels", ["read", "write", "admin"]]);
  for (const wrong of [{ text: "" }, { text: "stored", id: "id-1" }, { text: 1 }]) {
    assert.equal((await server.post("/v1/collections/pets/search", wrong)).status, 422);
  }
});

test("a mixture of images, words, vectors and stored rows finds what is near to all of them", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord() });
  await withImages(server);
  const search = (mix: readonly object[]) => server.post("/v1/collections/pets/search", { mix, top_k: 3 });
  const first = async (mix: readonly object[]) => (await search(mix)).body.hits[0].id;
  assert.equal(await first([{ id: "id-1" }]), "id-1");
  assert.equal(await first([{ id: "id-1" }, { base64: base64(2), weight: 5 }]), "id-2");
  const { body } = await search([{ base64: base64(3), weight: 2 }, { text: "stored", weight: 0.1 }, { vector: new Array(16).fill(0.1) }]);
  assert.equal(body.hits.length, 3);
  const away = (await search([{ id: "id-1" }, { id: "id-2", weight: -2 }])).body.hits;
  assert.equal(away.at(-1).id, "id-2", "a weight below 0 looks for less of it");
});

test("a mixture that has no direction, no term, or a term of two things is refused", async () => {
  await using server = await TestServer.start();
  await withImages(server);
  const codeOf = async (query: object) => (await server.post("/v1/collections/pets/search", query)).body.code;
  assert.equal(await codeOf({ mix: [{ id: "id-1" }, { id: "id-1", weight: -1 }] }), "query_invalid");
  assert.equal(await codeOf({ mix: [{ id: "id-1", weight: 0 }] }), "query_invalid");
  for (const wrong of [
    { mix: [] },
    { mix: [{ weight: 1 }] },
    { mix: [{ id: "id-1", text: "x" }] },
    { mix: [{ id: "id-1" }], id: "id-1" },
  ]) {
    assert.equal(await codeOf(wrong), "request_invalid", JSON.stringify(wrong));
  }
});

test("a server whose model makes no vectors of texts says so", async () => {
  await using server = await TestServer.start();
  await withImages(server);
  const { status, body } = await server.post("/v1/collections/pets/search", { text: "stored" });
  assert.deepEqual([status, body.code], [422, "text_unavailable"]);
});
