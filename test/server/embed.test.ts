/** Embeddings over HTTP, in our own form and in that of OpenAI. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { HeadraceError } from "../../src/contracts/index.js";
import { base64, damaged, image, TestServer } from "./running.js";

const dataUrl = (value: number): string => `data:image/png;base64,${base64(value)}`;

/** The numbers of little-endian float32 in base64. */
function numbersIn(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

test("images are embedded in order, as numbers or base64, beside those that fail", async () => {
  await using server = await TestServer.start();
  const images = [{ base64: base64(1) }, { base64: damaged }, { url: dataUrl(3) }, { url: "http://127.0.0.1:1/a.jpg" }];
  const floats = await server.post("/v1/embed", { images });
  assert.deepEqual([floats.status, floats.body.dimension, floats.body.embedded, floats.body.failed], [200, 16, 2, 2]);
  const codes = floats.body.items.map(({ status, problem }: { status: string; problem?: { code: string } }) => problem?.code ?? status);
  assert.deepEqual(codes, ["embedded", "image_corrupt", "embedded", "address_refused"]);
  const [first] = floats.body.items;
  assert.ok(Math.abs(Math.hypot(...first.vector) - 1) < 1e-6);
  const packed = await server.post("/v1/embed", { images, encoding: "base64" });
  assert.deepEqual(numbersIn(packed.body.items[0].vector), first.vector);
  const uploaded = await server.upload("/v1/embed", [image(3), image(1)], { encoding: "base64" });
  assert.deepEqual(
    uploaded.body.items.map(({ vector }: { vector: string }) => numbersIn(vector)),
    [floats.body.items[2].vector, first.vector],
  );
});

test("a vector of the embed route finds the image that was stored", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  await server.post("/v1/collections/pets/images", { images: [1, 2, 3].map((value) => ({ base64: base64(value), id: `id-${value}` })) });
  const { body } = await server.post("/v1/embed", { images: [{ base64: base64(2) }] });
  const found = await server.post("/v1/collections/pets/search", { vector: body.items[0].vector, top_k: 1 });
  assert.equal(found.body.hits[0].id, "id-2");
});

test("a hundred clients that embed at once share batches, and each gets the vector of its image", async () => {
  const clients = 100;
  /** Three quarters of `server.max_concurrent`, which is what one address has. */
  const atOnce = 48;
  let begun = 0;
  let done = 0;
  const batches: number[] = [];
  const work = async (rows: number): Promise<void> => {
    batches.push(rows);
    // The model is busy until all requests have arrived that the server works on at the same time.
    while (begun - done < Math.min(atOnce, clients - done)) await delay(1);
    done += rows;
  };
  await using server = await TestServer.start({
    embedder: { work, feed: { preferredBatch: 16, maxBatch: 32, parallel: 1 } },
    wrap: (pipeline) =>
      new Proxy(pipeline, {
        get: (target, name) => {
          if (name === "embedImage") begun += 1;
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  });
  begun = 2 * atOnce;
  const alone = await Promise.all([1, 2, 3].map((value) => server.post("/v1/embed", { images: [{ base64: base64(value) }] })));
  [batches.length, begun, done] = [0, 0, 0];
  const answers = await Promise.all(
    Array.from({ length: clients }, (_, index) => server.post("/v1/embed", { images: [{ base64: base64(1 + (index % 3)) }] })),
  );
  for (const [index, { body }] of answers.entries()) assert.deepEqual(body.items, alone[index % 3]?.body.items);
  assert.equal(
    batches.reduce((sum, rows) => sum + rows, 0),
    clients,
  );
  assert.ok(batches.length < 50, `${batches.length} batches`);
});

test("an embedder that is away fails the request, in the form of the route", async () => {
  const work = async (): Promise<void> => {
    throw new HeadraceError("embedder_unavailable", "triton.internal:8000 does not answer");
  };
  await using server = await TestServer.start({ embedder: { work } });
  const own = await server.post("/v1/embed", { images: [{ base64: base64(1) }] });
  assert.deepEqual([own.status, own.body.code], [424, "embedder_unavailable"]);
  const { status, headers, body } = await server.post("/v1/embeddings", { model: "default", input: dataUrl(1) });
  assert.deepEqual([status, headers.get("content-type")], [424, "application/json; charset=utf-8"]);
  assert.deepEqual([body.error.type, body.error.code], ["server_error", "embedder_unavailable"]);
  assert.ok(!JSON.stringify([own.body, body]).includes("triton.internal"));
});

test("OpenAI's form takes one image or several, the model's name or `default`, and gives floats or base64", async () => {
  await using server = await TestServer.start();
  const { body: own } = await server.post("/v1/embed", { images: [{ base64: base64(1) }, { base64: base64(2) }] });
  const vectors = own.items.map(({ vector }: { vector: number[] }) => vector);
  const one = await server.post("/v1/embeddings", { model: "default", input: dataUrl(1) });
  assert.deepEqual(one.body, {
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: vectors[0] }],
    model: "builtin",
    usage: { prompt_tokens: 0, total_tokens: 0 },
  });
  const many = { model: "builtin", input: [dataUrl(1), dataUrl(2)], encoding_format: "base64", modality: "image", dimensions: 16 };
  const { body } = await server.post("/v1/embeddings", many);
  assert.deepEqual(
    body.data.map(({ embedding }: { embedding: string }) => numbersIn(embedding)),
    vectors,
  );
});

test("OpenAI's form has OpenAI's errors: for the request, the model, an image, a missing key and a foreign page", async () => {
  const key = "reader-0123456789abcdef";
  await using server = await TestServer.start({ server: { keys: [{ name: "a", apiKey: key, scopes: ["read"] }], maxImages: 2 } });
  const wrong: readonly (readonly [object, number, string, string | null])[] = [
    [{ model: "default" }, 422, "request_invalid", "input"],
    [{ model: "default", input: "a red dog" }, 422, "text_unavailable", null],
    [{ model: "default", input: "a red dog", modality: "image" }, 422, "request_invalid", "input"],
    [{ model: "default", input: [1, 2, 3] }, 422, "request_invalid", "input"],
    [{ model: "default", input: [] }, 422, "request_invalid", "input"],
    [{ model: "text-embedding-3-small", input: dataUrl(1) }, 404, "model_not_found", null],
    [{ model: "default", input: dataUrl(1), dimensions: 256 }, 422, "request_invalid", null],
    [{ model: "default", input: `data:image/png;base64,${damaged}` }, 422, "image_corrupt", null],
    [{ model: "default", input: "http://169.254.169.254/latest" }, 422, "address_refused", null],
    [{ model: "default", input: [1, 2, 3].map(dataUrl) }, 413, "body_too_large", null],
  ];
  for (const [request, status, code, param] of wrong) {
    const answer = await server.post("/v1/embeddings", request, { authorization: `Bearer ${key}` });
    assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.param], [status, code, param], JSON.stringify(request));
    assert.equal(answer.body.error.type, "invalid_request_error");
  }
  const keyless = await server.post("/v1/embeddings", { model: "default", input: dataUrl(1) });
  assert.deepEqual([keyless.status, keyless.body.error.code, keyless.body.error.type], [401, "key_missing", "authentication_error"]);
  const foreign = await server.post("/v1/embeddings", {}, { origin: "https://example.com" });
  assert.deepEqual([foreign.status, foreign.body.error.code], [403, "origin_refused"]);
});

test("vectors are cut to a length for which the model was trained, in both forms, and any other length is refused", async () => {
  await using server = await TestServer.start({ settings: { embedder: { matryoshka: [8, 4, 64] } } });
  const whole = (await server.post("/v1/embed", { images: [{ base64: base64(1) }] })).body.items[0].vector as number[];
  const cut = whole.slice(0, 8);
  const expected = cut.map((value) => value / Math.hypot(...cut));
  const near = (found: readonly number[]): void => {
    assert.equal(found.length, 8);
    for (const [at, value] of found.entries()) assert.ok(Math.abs(value - expected[at]!) < 1e-6);
  };
  const own = await server.post("/v1/embed", { images: [{ base64: base64(1) }, { base64: damaged }], dimensions: 8 });
  assert.deepEqual([own.body.dimension, own.body.embedded, own.body.failed], [8, 1, 1]);
  near(own.body.items[0].vector);
  near((await server.upload("/v1/embed", [image(1)], { dimensions: "8" })).body.items[0].vector);
  const openAi = await server.post("/v1/embeddings", { model: "default", input: dataUrl(1), dimensions: 8, encoding_format: "base64" });
  near(numbersIn(openAi.body.data[0].embedding));
  for (const dimensions of [5, 17, 64]) {
    const { status, body } = await server.post("/v1/embed", { images: [{ base64: base64(1) }], dimensions });
    assert.deepEqual([status, body.code], [422, "request_invalid"]);
    assert.match(body.detail, /expected 16, the dimension of the model, or 8 or 4/);
  }
});
