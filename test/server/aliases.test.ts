/** Other names of collections over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, TestServer } from "./running.js";

const put = (server: TestServer, alias: string, body: unknown, headers: Record<string, string> = {}) =>
  server.send("PUT", `/v1/aliases/${alias}`, { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });

test("an alias is set, moved to another collection, listed and removed, and the collections stay", async () => {
  await using server = await TestServer.start();
  for (const name of ["pets", "birds"]) await server.post("/v1/collections", { name });
  await server.post("/v1/collections/birds/images", { images: [{ base64: base64(1), id: "robin" }] });
  const { status, body } = await put(server, "animals", { collection: "pets" });
  assert.deepEqual([status, body], [200, { alias: "animals", collection: "pets" }]);
  assert.equal((await server.get("/v1/collections/animals/count")).body.count, 0);
  await put(server, "animals", { collection: "birds" });
  assert.equal((await server.get("/v1/collections/animals/count")).body.count, 1);
  assert.deepEqual((await server.get("/v1/aliases")).body, { aliases: [{ alias: "animals", collection: "birds" }] });
  assert.equal((await server.send("DELETE", "/v1/aliases/animals")).status, 204);
  assert.deepEqual((await server.get("/v1/aliases")).body, { aliases: [] });
  assert.equal((await server.get("/v1/collections/birds/count")).body.count, 1);
});

test("an alias that cannot be is refused with a stable code", async () => {
  await using server = await TestServer.start();
  for (const name of ["pets", "birds"]) await server.post("/v1/collections", { name });
  const wrong: readonly (readonly [string, unknown, number, string])[] = [
    ["animals", { collection: "none" }, 404, "collection_not_found"],
    ["birds", { collection: "pets" }, 409, "collection_exists"],
    ["1%202", { collection: "pets" }, 422, "name_invalid"],
    ["..%2F..%2Fetc", { collection: "pets" }, 422, "name_invalid"],
    ["x".repeat(65), { collection: "pets" }, 422, "request_invalid"],
    ["animals", {}, 422, "request_invalid"],
  ];
  for (const [alias, target, status, code] of wrong) {
    const answer = await put(server, alias, target);
    assert.deepEqual([answer.status, answer.body.code], [status, code], alias);
  }
  const missing = await server.send("DELETE", "/v1/aliases/none");
  assert.deepEqual([missing.status, missing.body.code], [404, "alias_not_found"]);
});

test("aliases are read with the scope read, and changed with write", async () => {
  const keys = (["read", "write", "admin"] as const).map((scope) => ({
    name: scope,
    apiKey: `${scope}-0123456789abcdef`,
    scopes: [scope],
  }));
  await using server = await TestServer.start({ server: { keys } });
  const as = (scope: string) => ({ authorization: `Bearer ${scope}-0123456789abcdef` });
  await server.post("/v1/collections", { name: "pets" }, as("admin"));
  assert.equal((await put(server, "animals", { collection: "pets" }, as("read"))).body.code, "scope_missing");
  assert.equal((await put(server, "animals", { collection: "pets" }, as("write"))).status, 200);
  assert.equal((await server.get("/v1/aliases", as("read"))).status, 200);
  assert.equal((await server.send("DELETE", "/v1/aliases/animals", { headers: as("read") })).body.code, "scope_missing");
  assert.equal((await server.send("DELETE", "/v1/aliases/animals", { headers: as("write") })).status, 204);
});
