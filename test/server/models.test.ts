/** The list of models over HTTP, in OpenAI's form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestServer, type TestServerOptions } from "./running.js";

const key = "reader-0123456789abcdef";
const authorization = { authorization: `Bearer ${key}` };

const namesOf = async (settings: NonNullable<TestServerOptions["settings"]>): Promise<readonly string[]> => {
  await using server = await TestServer.start({ settings });
  const { body } = await server.get("/v1/models");
  return body.data.map(({ id }: { id: string }) => id);
};

test("the list has the one model of the server, which can be asked for by its name and as `default`", async () => {
  await using server = await TestServer.start();
  const { status, body } = await server.get("/v1/models");
  assert.deepEqual([status, body.object, body.data.length], [200, "list", 1]);
  const [model] = body.data;
  assert.deepEqual([model.id, model.object, model.owned_by], ["builtin", "model", "headrace"]);
  assert.ok(Math.abs(model.created - Date.now() / 1000) < 600, "seconds since the epoch, not milliseconds");
  for (const name of ["builtin", "default"]) assert.deepEqual((await server.get(`/v1/models/${name}`)).body, model);
});

test("a model is named without its folder, and embeddings take that name and the configured one", async () => {
  assert.deepEqual(await namesOf({ embedder: { model: "/srv/secret/clip.onnx" } }), ["clip.onnx"]);
  assert.deepEqual(await namesOf({ embedder: { model: "exports/clip/" } }), ["clip"]);
  assert.deepEqual(await namesOf({ embedder: { model: "C:\\models\\clip.onnx" } }), ["clip.onnx"]);
  assert.deepEqual(await namesOf({ triton: { url: "127.0.0.1:1", modelName: "siglip" } }), ["siglip"]);
  await using server = await TestServer.start({ settings: { embedder: { model: "exports/clip" } } });
  for (const model of ["clip", "exports/clip", "default"]) {
    assert.equal((await server.get(`/v1/models/${encodeURIComponent(model)}`)).status, 200, model);
  }
});

test("another model is not found, in OpenAI's form, whatever its name", async () => {
  await using server = await TestServer.start({ settings: { embedder: { model: "/srv/secret/clip.onnx" } } });
  for (const name of ["gpt-4", "%2Fetc%2Fpasswd", "..%2F..%2Fclip.onnx", "%00", "x".repeat(1024), "__proto__"]) {
    const { status, body } = await server.get(`/v1/models/${name}`);
    assert.deepEqual([status, body.error.code, body.error.type], [404, "model_not_found", "invalid_request_error"], name);
    assert.ok(!JSON.stringify(body).includes("secret"));
  }
  const long = await server.get(`/v1/models/${"x".repeat(1025)}`);
  assert.deepEqual([long.status, long.body.error.code, long.body.error.param], [422, "request_invalid", "id"]);
});

test("the models need a key with the scope read", async () => {
  const keys = [
    { name: "a", apiKey: key, scopes: ["read" as const] },
    { name: "b", apiKey: "writer-0123456789abcdef", scopes: ["write" as const] },
  ];
  await using server = await TestServer.start({ server: { keys } });
  for (const path of ["/v1/models", "/v1/models/default"]) {
    assert.equal((await server.get(path, authorization)).status, 200);
    assert.equal((await server.get(path)).body.error.code, "key_missing");
    assert.equal((await server.get(path, { authorization: "Bearer writer-0123456789abcdef" })).body.error.code, "scope_missing");
  }
});
