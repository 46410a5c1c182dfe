/** Embeddings of texts over HTTP, alone and beside images. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OneWord } from "./one-word.js";
import { base64, damaged, TestServer } from "./running.js";

const dataUrl = (value: number): string => `data:image/png;base64,${base64(value)}`;
const vector = new Array(16).fill(0.25);

test("OpenAI's form takes a text, a list of texts, and texts beside images, in order", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord() });
  const vectorsOf = async (request: object) => {
    const { status, body } = await server.post("/v1/embeddings", { model: "default", ...request });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      body.data.map(({ index }: { index: number }) => index),
      body.data.map((_: unknown, index: number) => index),
    );
    return body.data.map(({ embedding }: { embedding: unknown }) => embedding);
  };
  const [image] = await vectorsOf({ input: dataUrl(1) });
  assert.notDeepEqual(image, vector);
  assert.deepEqual(await vectorsOf({ input: "stored" }), [vector]);
  assert.deepEqual(await vectorsOf({ input: ["stored", dataUrl(1), "stored"] }), [vector, image, vector]);
  assert.deepEqual(await vectorsOf({ input: ["stored", "stored"], modality: "text", dimensions: 16 }), [vector, vector]);
  const [packed] = await vectorsOf({ input: ["stored"], encoding_format: "base64" });
  assert.equal(Buffer.from(packed, "base64").readFloatLE(60), 0.25);
});

test("more texts than a request may have images are embedded, and more than 2,048 are refused", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord(), server: { maxImages: 2 } });
  const many = (count: number) => ({ model: "default", input: new Array(count).fill("stored") });
  assert.equal((await server.post("/v1/embeddings", many(2048))).body.data.length, 2048);
  const { status, body } = await server.post("/v1/embeddings", many(2049));
  assert.deepEqual([status, body.error.code, body.error.param], [422, "request_invalid", "input"]);
  const own = await server.post("/v1/embed", { images: new Array(2049).fill({ text: "stored" }) });
  assert.deepEqual([own.status, own.body.code], [413, "body_too_large"]);
  const images = await server.post("/v1/embeddings", { model: "default", input: ["stored", ...[1, 2, 3].map(dataUrl)] });
  assert.deepEqual([images.status, images.body.error.code], [413, "body_too_large"]);
});

test("the embed route takes texts beside images, and one that fails does not stop the others", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord() });
  const images = [{ text: "stored" }, { base64: base64(1) }, { text: "other" }, { base64: damaged }];
  const { status, body } = await server.post("/v1/embed", { images });
  assert.deepEqual([status, body.dimension, body.embedded, body.failed], [200, 16, 2, 2]);
  assert.deepEqual(body.items[0].vector, vector);
  const codes = body.items.map(({ status, problem }: { status: string; problem?: { code: string } }) => problem?.code ?? status);
  assert.deepEqual(codes, ["embedded", "embedded", "word_unknown", "image_corrupt"]);
});

test("the vector of a text finds what a search by that text finds", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord() });
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [1, 2, 3].map((value) => ({ base64: base64(value), id: `id-${value}` })) });
  const { body } = await server.post("/v1/embed", { images: [{ text: "stored" }] });
  const hitsOf = async (query: object) => (await server.post("/v1/collections/pets/search", query)).body.hits;
  assert.deepEqual(await hitsOf({ vector: body.items[0].vector }), await hitsOf({ text: "stored" }));
});

test("texts are refused with stable codes: without a model for them, of an unknown word, of a wrong form or length", async () => {
  await using images = await TestServer.start();
  await using words = await TestServer.start({ textEmbedder: new OneWord() });
  const wrong: readonly (readonly [TestServer, object, number, string])[] = [
    [images, { input: "a red dog" }, 422, "text_unavailable"],
    [images, { input: [dataUrl(1), "a red dog"] }, 422, "text_unavailable"],
    [words, { input: "a red dog" }, 422, "word_unknown"],
    [words, { input: ["stored", "http://not an image"], modality: "text" }, 422, "word_unknown"],
    [words, { input: "stored", modality: "image" }, 422, "request_invalid"],
    [words, { input: "stored", dimensions: 8 }, 422, "request_invalid"],
    [words, { input: "" }, 422, "request_invalid"],
    [words, { input: ["stored", ""] }, 422, "request_invalid"],
    [words, { input: "x".repeat(10_001) }, 422, "request_invalid"],
    [words, { input: [[1, 2], [3]] }, 422, "request_invalid"],
    [words, { input: { text: "stored" } }, 422, "request_invalid"],
    [words, { input: "file:///etc/passwd" }, 422, "word_unknown"],
  ];
  for (const [server, request, status, code] of wrong) {
    const { body, ...answer } = await server.post("/v1/embeddings", { model: "default", ...request });
    assert.deepEqual([answer.status, body.error.code], [status, code], JSON.stringify(request).slice(0, 100));
  }
  const own = await images.post("/v1/embed", { images: [{ text: "a red dog" }] });
  assert.deepEqual([own.status, own.body.code], [422, "text_unavailable"]);
  const two = await words.post("/v1/embed", { images: [{ text: "stored", base64: base64(1) }] });
  assert.deepEqual([two.status, two.body.code], [422, "request_invalid"]);
});

test("a model for texts that does not belong to the model for images is refused, not used", async () => {
  await using server = await TestServer.start({ textEmbedder: new OneWord(), embedder: { dimension: 8 } });
  const { status, body } = await server.post("/v1/embeddings", { model: "default", input: "stored" });
  assert.deepEqual([status, body.error.code], [500, "model_mismatch"]);
});
