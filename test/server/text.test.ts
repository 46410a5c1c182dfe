/** Searches by words over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError, type TextEmbedder } from "../../src/contracts/index.js";
import { base64, TestServer } from "./running.js";

/** Knows the word "stored". */
class OneWord implements TextEmbedder {
  readonly name = "one-word";
  readonly label = "one word";
  readonly dimension = 16;
  readonly labels = [{ text: "stored", synonyms: [] }];

  async embedText(texts: readonly string[]): Promise<{ dimension: number; values: Float32Array }> {
    if (texts.some((text) => text !== "stored")) throw new HeadraceError("word_unknown", "expected another word");
    return { dimension: this.dimension, values: new Float32Array(texts.length * this.dimension).fill(0.25) };
  }
}

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
  assert.deepEqual([unknown.status, unknown.body.code], [422, "word_unknown"]);
  for (const wrong of [{ text: "" }, { text: "stored", id: "id-1" }, { text: 1 }]) {
    assert.equal((await server.post("/v1/collections/pets/search", wrong)).status, 422);
  }
});

test("a server whose model makes no vectors of texts says so", async () => {
  await using server = await TestServer.start();
  await withImages(server);
  const { status, body } = await server.post("/v1/collections/pets/search", { text: "stored" });
  assert.deepEqual([status, body.code], [422, "text_unavailable"]);
});
