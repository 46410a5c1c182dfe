/** A key for some collections: what it reaches of the others, on every path there is. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Route } from "../../src/server/requests/route.js";
import { allRoutes } from "../../src/server/routes.js";
import { type Answered, base64, TestServer } from "./running.js";

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const all = bearer("operator-0123456789abcdef");
const limited = bearer("limited-0123456789abcdef");
const tus = { "tus-resumable": "1.0.0", "upload-offset": "0" };
const scopes = ["read", "write", "admin"] as const;

async function startWith(collections: readonly string[]): Promise<TestServer> {
  const server = await TestServer.start({
    settings: { milvus: { collectionName: "hidden" } },
    server: {
      keys: [
        { name: "operator", apiKey: "operator-0123456789abcdef", scopes: [...scopes] },
        { name: "limited", apiKey: "limited-0123456789abcdef", scopes: [...scopes], collections: [...collections] },
      ],
    },
  });
  for (const [name, value] of [
    ["pets", 1],
    ["hidden", 2],
  ] as const) {
    assert.equal((await server.post("/v1/collections", { name }, all)).status, 201);
    const { body } = await server.post(`/v1/collections/${name}/images`, { images: [{ base64: base64(value), id: `${name}-row` }] }, all);
    assert.equal(body.stored, 1);
  }
  return server;
}

async function jobIn(server: TestServer, collection: string): Promise<string> {
  const { body } = await server.post("/v1/jobs", { collection, images: [{ base64: base64(5), id: `${collection}-job` }] }, all);
  await (await fetch(`${server.url}/v1/jobs/${body.id}/events`, { headers: all })).text();
  return body.id;
}

interface HiddenIds {
  readonly job: string;
  readonly upload: string;
}

/** Asks for the hidden collection wherever the route has a name of one. */
async function askFor(server: TestServer, { method, path, examples, query, bytes }: Route, { job, upload }: HiddenIds): Promise<Answered> {
  const [, , room = ""] = path.split("/");
  const id = { jobs: job, models: "default", uploads: upload }[room] ?? "hidden-row";
  const url = path.replace("{name}", "hidden").replace("{alias}", "veiled").replace("{id}", id);
  const source = query?.shape.source === undefined ? "" : "?source=%2Fetc%2Fpasswd";
  if (method === "GET" || method === "HEAD" || method === "DELETE")
    return server.send(method, `${url}${source}`, { headers: { ...limited, ...tus } });
  const [example = {}] = Object.values(examples ?? {});
  const named = Object.fromEntries(
    Object.entries(example).map(([field, value]) => [field, ["collection", "collection_name", "name"].includes(field) ? "hidden" : value]),
  );
  return server.send(method, url, {
    body: JSON.stringify(named),
    headers: { ...limited, ...tus, "content-type": bytes?.mediaType ?? "application/json" },
  });
}

test("on every path, a key for one collection gets nothing of another one, and changes nothing there", async () => {
  await using server = await startWith(["pets"]);
  assert.equal((await server.send("PUT", "/v1/aliases/veiled", { body: '{"collection":"hidden"}', headers: json(all) })).status, 200);
  const job = await jobIn(server, "hidden");
  const begun = await server.send("POST", "/v1/uploads", { headers: { ...all, ...tus, "upload-length": "9" } });
  const upload: string = begun.body.id;
  const rows = (await server.get("/v1/collections/hidden/count", all)).body.count;
  const found: Record<string, string> = {};
  for (const route of allRoutes) {
    if (route.scope === null) continue;
    const { status, body } = await askFor(server, route, { job, upload });
    found[route.name] = body?.code ?? String(status);
    if (route.name !== "service") assert.ok(!JSON.stringify(body ?? "").includes("hidden"), `${route.name}: ${JSON.stringify(body)}`);
  }
  const expected = Object.fromEntries(Object.keys(found).map((name) => [name, others[name] ?? "collection_refused"]));
  assert.deepEqual(found, expected);
  const withoutName = { inputs: [`data:image/jpeg;base64,${base64(6)}`], ids: ["new"], metadata: null };
  assert.equal(
    (await server.post("/insert", withoutName, limited)).body.code,
    "collection_refused",
    "the default collection is the hidden one",
  );
  assert.equal((await server.post("/search", { query_input: withoutName.inputs[0] }, limited)).body.code, "collection_refused");
  assert.equal((await server.post("/delete", { ids: ["hidden-row"] }, limited)).body.code, "collection_refused");
  assert.equal((await server.get("/v1/collections/hidden/count", all)).body.count, rows);
  assert.deepEqual((await server.get("/v1/aliases", all)).body.aliases, [{ alias: "veiled", collection: "hidden" }]);
  assert.equal((await server.get(`/v1/jobs/${job}`, all)).body.state, "completed");
  assert.equal((await server.get("/v1/uploads", all)).body.uploads.length, 1);
});

/** What is not refused, because it has nothing of a collection, or leaves out those of others. */
const others: Readonly<Record<string, string>> = {
  listCollections: "200",
  listAliases: "200",
  pythonServiceListCollections: "200",
  listJobs: "200",
  getJob: "job_not_found",
  deleteJob: "job_not_found",
  cancelJob: "job_not_found",
  jobResult: "job_not_found",
  jobFailures: "job_not_found",
  retryJob: "job_not_found",
  jobEvents: "job_not_found",
  jobSnapshot: "job_not_found",
  createUpload: "request_invalid",
  listUploads: "200",
  uploadOffset: "404",
  continueUpload: "upload_not_found",
  deleteUpload: "upload_not_found",
  embedImages: "200",
  createEmbeddings: "200",
  pythonServiceEmbed: "200",
  listModels: "200",
  describeModel: "200",
  service: "200",
  sourceThumbnail: "path_refused",
};

const json = (headers: Record<string, string>) => ({ ...headers, "content-type": "application/json" });

test("a key for one collection does all its scopes allow there, and sees its jobs", async () => {
  await using server = await startWith(["pets"]);
  const job = await jobIn(server, "pets");
  assert.deepEqual(
    (await server.get("/v1/collections", limited)).body.collections.map(({ name }: { name: string }) => name),
    ["pets"],
  );
  assert.equal((await server.post("/v1/collections/pets/search", { id: "pets-row" }, limited)).status, 200);
  assert.equal((await server.get(`/v1/jobs/${job}`, limited)).body.collection, "pets");
  assert.equal((await server.get("/v1/jobs", limited)).body.jobs.length, 1);
  assert.equal((await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(7) }] }, limited)).status, 202);
  assert.equal((await server.post("/v1/collections/pets/images/delete", { ids: ["pets-row"] }, limited)).body.deleted, 1);
  assert.equal((await server.send("DELETE", "/v1/collections/pets", { headers: limited })).status, 204);
});

test("uploads for a job in another collection are refused, whether it is named before or after the files or in the address", async () => {
  await using server = await startWith(["pets"]);
  const form = (...entries: readonly (readonly [string, string | Blob])[]): FormData => {
    const made = new FormData();
    for (const [name, value] of entries) made.append(name, value);
    return made;
  };
  const file = ["images", new Blob([Buffer.from([3, 4])])] as const;
  for (const body of [
    form(["collection", "hidden"], file),
    form(file, ["collection", "hidden"]),
    form(["collection", "hidden"], file, ["collection", "pets"]),
  ]) {
    const { status, body: problem } = await server.send("POST", "/v1/jobs", { body, headers: limited });
    assert.deepEqual([status, problem.code], [403, "collection_refused"]);
  }
  const lines = await server.send("POST", "/v1/jobs?collection=hidden", {
    body: `${JSON.stringify({ base64: base64(3) })}\n`,
    headers: { ...limited, "content-type": "application/x-ndjson" },
  });
  assert.equal(lines.body.code, "collection_refused");
  assert.equal((await server.get("/v1/jobs", all)).body.jobs.length, 0);
});

test("a name that ends with * stands for all that begin so, and an alias counts by its own name", async () => {
  await using server = await startWith(["pet*", "shown"]);
  assert.equal((await server.post("/v1/collections", { name: "pets_2" }, limited)).status, 201);
  for (const name of ["pe", "hidden", "_pets"])
    assert.equal((await server.post("/v1/collections", { name }, limited)).body.code, "collection_refused");
  const alias = (name: string, collection: string, headers: Record<string, string>) =>
    server.send("PUT", `/v1/aliases/${name}`, { body: JSON.stringify({ collection }), headers: json(headers) });
  assert.equal((await alias("shown", "hidden", limited)).body.code, "collection_refused");
  assert.equal((await alias("taken", "pets", limited)).body.code, "collection_refused");
  assert.equal((await alias("shown", "pets", limited)).status, 200);
  assert.equal((await alias("shown", "hidden", all)).status, 200);
  assert.equal((await server.get("/v1/collections/shown/count", limited)).body.count, 1, "who lets the alias lead there gives access");
});

test("the file of keys limits keys too, and a list that is no list of names is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-limited-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const keysFile = join(folder, "keys.txt");
  writeFileSync(keysFile, "operator read,write,admin operator-0123456789abcdef\nlimited read limited-0123456789abcdef pets,shop_*\n");
  await using server = await TestServer.start({ server: { keysFile } });
  for (const name of ["pets", "hidden", "shop_1"]) await server.post("/v1/collections", { name }, all);
  const seen = (await server.get("/v1/collections", limited)).body.collections.map(({ name }: { name: string }) => name);
  assert.deepEqual(seen.sort(), ["pets", "shop_1"]);
  for (const list of ["", ",", "pets,", "*pets", "pets;hidden", "pets hidden"]) {
    writeFileSync(keysFile, `limited read limited-0123456789abcdef ${list === "" ? "''" : list}\n`);
    await assert.rejects(TestServer.start({ server: { keysFile } }), /:1: expected/);
  }
});
