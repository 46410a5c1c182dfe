/** The OpenAPI document and the reference page describe the routes that there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reference } from "../../src/server/openapi/reference.js";
import { allRoutes } from "../../src/server/routes.js";
import type { OpenApiDocument, Operation } from "../../src/server/wire/openapi-shape.js";
import { base64, TestServer } from "./running.js";

const operationsOf = ({ paths }: OpenApiDocument) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

const isProblem = (answer: object): boolean => /schemas\/(Problem|OpenAiError|PythonServiceError)"/.test(JSON.stringify(answer));

async function documentOf(server: TestServer): Promise<OpenApiDocument> {
  const { status, body } = await server.get("/openapi.json");
  assert.equal(status, 200);
  return body as OpenApiDocument;
}

test("the document has exactly the routes of the server, with their scopes and answers", async () => {
  await using server = await TestServer.start();
  const described = operationsOf(await documentOf(server)).map(({ method, path, operation }) => ({
    name: `${operation.operationId} ${method} ${path}`,
    scope: operation["x-scope"],
    needsKey: operation.security.length > 0,
    answers: Object.entries(operation.responses).flatMap(([status, answer]) => (isProblem(answer) ? [] : [status])),
  }));
  const routes = allRoutes.map(({ name, method, path, scope, answers }) => ({
    name: `${name} ${method} ${path}`,
    scope,
    needsKey: scope !== null,
    answers: Object.keys(answers),
  }));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.deepEqual(described.sort(byName), routes.sort(byName));
  assert.equal(new Set(allRoutes.map(({ name }) => name)).size, allRoutes.length);
});

test("the server knows each path and method of the document, and no other method", async () => {
  await using server = await TestServer.start();
  const document = await documentOf(server);
  const patterns = Object.entries(document.paths).map(
    ([path, methods]) => [new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`), methods] as const,
  );
  for (const path of Object.keys(document.paths)) {
    const url = path.replace(/\{\w+\}/g, "none");
    for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH"]) {
      const { body } = await server.send(method, url);
      const isKnown = patterns.some(([pattern, methods]) => pattern.test(url) && method.toLowerCase() in methods);
      assert.equal(body?.code === "method_not_allowed", !isKnown, `${method} ${path}`);
      assert.notEqual(body?.code, "route_not_found");
    }
  }
});

test("each reference leads to a component, and each component is used", async () => {
  await using server = await TestServer.start();
  const document = await documentOf(server);
  const text = JSON.stringify(document);
  const used = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
  assert.deepEqual([...used].sort(), Object.keys(document.components.schemas).sort());
  assert.ok(used.size > 5 && !text.includes("$defs"));
});

test("each parameter of a path has an example, and each operation with a body too", async () => {
  await using server = await TestServer.start();
  const operations = operationsOf(await documentOf(server));
  const isIncomplete = ({ parameters = [], requestBody }: Operation) =>
    parameters.some((each) => each.in === "path" && each.example === undefined) ||
    (requestBody !== undefined &&
      !isOfBytes(requestBody) &&
      Object.keys(requestBody.content["application/json"]?.examples ?? {}).length === 0);
  const isOfBytes = ({ content }: NonNullable<Operation["requestBody"]>) =>
    Object.keys(content).every((type) => type.includes("octet-stream"));
  assert.deepEqual(
    operations.filter(({ operation }) => isIncomplete(operation)).map(({ path }) => path),
    [],
  );
});

test("the reference page lists each operation, has no script and loads nothing", async () => {
  await using server = await TestServer.start();
  const { status, headers, body } = await server.get("/docs");
  assert.deepEqual([status, headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  for (const { name } of allRoutes) assert.ok(body.includes(`<article id="${name}">`), name);
  assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; frame-ancestors 'none'; style-src 'sha256-[\w+/=]+'$/);
  assert.doesNotMatch(body, /<script|<link|<img|@import|url\(|undefined|\[object/);
  assert.doesNotMatch(body, /(src|href)="(https?:)?\/\//);
});

test("the document and the page are made when they are first asked for, and only then", () => {
  let reads = 0;
  const routes = new Proxy(allRoutes, {
    get: (target, name) => {
      reads += 1;
      return Reflect.get(target, name);
    },
  });
  const reference = new Reference(routes);
  assert.equal(reads, 0);
  const { document, page } = reference;
  const once = reads;
  assert.ok(once > 0);
  assert.equal(reference.document, document);
  assert.equal(reference.page, page);
  assert.equal(reads, once);
});

test("the document names the headers that answers have", async () => {
  await using server = await TestServer.start();
  const document = await documentOf(server);
  const namesOf = (answer: { readonly headers?: object } | undefined): readonly string[] =>
    Object.keys(answer?.headers ?? {}).map((name) => name.toLowerCase());
  for (const { path, method, operation } of operationsOf(document)) {
    for (const [status, answer] of Object.entries(operation.responses)) {
      assert.ok(namesOf(answer).includes("x-request-id"), `${method} ${path} ${status}`);
    }
  }
  const headers = { "idempotency-key": "once" };
  await server.post("/v1/collections", { name: "pets" }, headers);
  const again = await server.post("/v1/collections", { name: "pets" }, headers);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  const { responses } = document.paths["/v1/collections"]!["post"]!;
  const documented = namesOf(responses["201"]);
  for (const name of ["x-request-id", "idempotency-replayed"]) assert.ok(documented.includes(name) && again.headers.has(name), name);
  assert.ok(!namesOf(document.paths["/v1/collections"]!["get"]!.responses["200"]).includes("idempotency-replayed"));
});

test("the document names each media type of lines that the server takes", async () => {
  await using server = await TestServer.start();
  await server.post("/v1/collections", { name: "pets" });
  const { paths } = await documentOf(server);
  const lines = Object.keys(paths["/v1/jobs"]!["post"]!.requestBody?.content ?? {}).filter((name) => /json.*l$|ndjson/.test(name));
  assert.deepEqual(lines.sort(), ["application/jsonl", "application/x-ndjson"]);
  for (const type of lines) {
    const body = JSON.stringify({ base64: base64(1), id: type });
    const { status } = await server.send("POST", "/v1/jobs?collection=pets", { body, headers: { "content-type": type } });
    assert.equal(status, 202, type);
  }
});

test("operations that use neither the model nor the store name none of their problems", async () => {
  await using server = await TestServer.start();
  const { paths } = await documentOf(server);
  const statusesOf = (path: string): readonly string[] => Object.keys(paths[path]!["get"]!.responses);
  for (const path of ["/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/failures", "/v1/jobs/{id}/events", "/metrics"]) {
    assert.deepEqual(
      statusesOf(path).filter((status) => ["409", "424", "507"].includes(status)),
      [],
      path,
    );
  }
  assert.ok(statusesOf("/v1/collections").includes("424"));
});

test("the document names the headers that jobs take", async () => {
  await using server = await TestServer.start();
  const { paths } = (await server.get("/openapi.json")).body;
  const headersOf = (operation: { parameters: readonly { in: string; name: string }[] }): readonly string[] =>
    operation.parameters.filter((parameter) => parameter.in === "header").map(({ name }) => name);
  assert.deepEqual(headersOf(paths["/v1/jobs"].post), ["Idempotency-Key"]);
  assert.deepEqual(headersOf(paths["/v1/jobs/{id}/events"].get), ["Last-Event-ID"]);
});
