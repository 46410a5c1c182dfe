/** Snapshots of collections as jobs: hostile files, who may make and take them, what they contain, and what they cost. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createParquetRows } from "../../src/adapters/parquet/index.js";
import { type Entry, isRead } from "../../src/server/jobs/entry.js";
import type { Job } from "../../src/server/jobs/job.js";
import * as wire from "../../src/server/wire/wire-jobs.js";
import { JobServer } from "./job-server.js";
import { base64, type TestServerOptions } from "./running.js";

type Insertion = { readonly id: string; readonly base64: string; readonly metadata: object };
const images = (count: number): readonly Insertion[] =>
  Array.from({ length: count }, (_, at) => ({ id: `pet-${at}`, base64: base64(at + 1), metadata: { number: at, kind: "cat" } }));

async function start(count = 5, options: TestServerOptions = {}): Promise<JobServer> {
  const jobs = await JobServer.start({ store: "lancedb", ...options });
  const { body } = await jobs.server.post("/v1/collections/pets/images", { images: images(count) });
  assert.equal(body.stored, count);
  await jobs.server.post("/v1/collections", { name: "copy" });
  return jobs;
}

async function exported(jobs: JobServer, collection = "pets") {
  const { status, body } = await jobs.server.post("/v1/jobs", { kind: "export", collection });
  assert.equal(status, 202, JSON.stringify(body));
  return jobs.ended(body.id);
}

async function imported(jobs: JobServer, of: string, collection = "copy") {
  const { status, body } = await jobs.server.post("/v1/jobs", { kind: "import", collection, snapshot_of: of });
  assert.equal(status, 202, JSON.stringify(body));
  return jobs.ended(body.id);
}

const rowsOf = async ({ server }: JobServer, collection: string) =>
  (await server.get(`/v1/collections/${collection}/images?pick=all&limit=1000&vector=float`)).body.images;
const countOf = async ({ server }: JobServer, collection: string) => (await server.get(`/v1/collections/${collection}/count`)).body.count;
const folderOf = ({ server }: JobServer, id: string): string => join(server.dataFolder, "jobs", id);
const fileOf = (jobs: JobServer, id: string): string => join(folderOf(jobs, id), "snapshot.parquet");

describe("a snapshot that is not what it was", () => {
  const schema = { dimension: 16, metric: "cosine", idType: "text" } as const;
  const passport = { probes: [[1, ...Array.from({ length: 15 }, () => 0)]], labels: { model: "another" } };
  const written = async (path: string, description: Parameters<typeof createParquetRows>[1]): Promise<void> => {
    const writer = await createParquetRows(path, description);
    const vector = Float32Array.from({ length: description.dimension }, (_, at) => (at === 0 ? 1 : 0));
    const facts = {
      source: "https://example.com/x.jpg",
      root: "x",
      version: "",
      content: "",
      metadata: {},
      metadataHash: "",
      width: 0,
      height: 0,
    };
    await writer.write([{ id: "x", vector, facts, ingestedAt: 1 }]);
    await writer.finish();
  };
  const damages: readonly (readonly [string, (path: string) => void | Promise<void>, string])[] = [
    ["is torn", (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2)), "input_invalid"],
    ["is empty", (path) => writeFileSync(path, ""), "input_invalid"],
    ["is another file", (path) => writeFileSync(path, "PAR1 and nothing else PAR1"), "input_invalid"],
    [
      "has zeros for its end",
      (path) => writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, -64), Buffer.alloc(64)])),
      "input_invalid",
    ],
    [
      "has another dimension",
      (path) => written(path, { ...schema, dimension: 4096, passport: null, columns: new Map() }),
      "dimension_mismatch",
    ],
    ["has the vectors of another model", (path) => written(path, { ...schema, passport, columns: new Map() }), "passport_mismatch"],
    ["belongs to no model", (path) => written(path, { ...schema, passport: null, columns: new Map() }), "passport_missing"],
    ["has another metric", (path) => written(path, { ...schema, metric: "l2", passport, columns: new Map() }), "collection_exists"],
    [
      "lacks a column",
      (path) => writeFileSync(path, readFileSync(path).toString("latin1").replaceAll("metadata_hash", "metadata_hush"), "latin1"),
      "input_invalid",
    ],
  ];
  for (const [what, damage, code] of damages) {
    test(`fails its import when it ${what}, and stores nothing`, async () => {
      await using jobs = await start();
      await jobs.server.post("/v1/collections/copy/images", { images: [{ base64: base64(200), id: "own" }] });
      const { id } = await exported(jobs);
      await damage(fileOf(jobs, id));
      const job = await imported(jobs, id);
      assert.deepEqual([job.state, job.error?.code, job.counts.stored], ["failed", code, 0]);
      assert.doesNotMatch(JSON.stringify(job.error), /snapshot\.parquet/, "the answer does not tell of the disk");
      assert.deepEqual(
        (await rowsOf(jobs, "copy")).map((row: { id: string }) => row.id),
        ["own"],
      );
      assert.equal((await jobs.server.get("/health/live")).status, 200);
    });
  }
});

describe("who may", () => {
  const key = (name: string, scopes: ("read" | "write" | "admin")[], collections?: string[]) => ({
    ...{ name, apiKey: `${name}-0123456789abcdef`, scopes },
    ...(collections === undefined ? {} : { collections }),
  });
  const bearer = (name: string) => ({ authorization: `Bearer ${name}-0123456789abcdef` });

  test("make a snapshot: a key with read of that collection; ingest and import need write", async () => {
    const keys = [
      key("operator", ["read", "write", "admin"]),
      key("reader", ["read"]),
      key("pets", ["read", "write"], ["pets"]),
      key("copy", ["read", "write"], ["copy"]),
    ];
    await using jobs = await JobServer.start({ server: { keys } });
    const { server } = jobs;
    for (const name of ["pets", "copy"]) await server.post("/v1/collections", { name }, bearer("operator"));
    const send = (who: string, body: object) => server.post("/v1/jobs", body, bearer(who));
    const code = async (who: string, body: object) => (await send(who, body)).body.code;
    const ingest = { collection: "pets", images: images(1).map(({ id, base64: bytes }) => ({ id, base64: bytes })) };
    assert.equal(await code("reader", ingest), "scope_missing");
    assert.equal(await code("copy", { kind: "export", collection: "pets" }), "collection_refused");
    const lines = await server.send("POST", "/v1/jobs?collection=pets", {
      body: JSON.stringify(ingest.images[0]),
      headers: { ...bearer("reader"), "content-type": "application/jsonl" },
    });
    assert.equal(lines.body.code, "scope_missing");
    const snapshot = await send("reader", { kind: "export", collection: "pets" });
    assert.equal(snapshot.status, 202);
    const { id } = snapshot.body;
    await (await fetch(`${server.url}/v1/jobs/${id}/events`, { headers: bearer("reader") })).text();
    assert.equal((await server.get(`/v1/jobs/${id}/snapshot`, bearer("reader"))).status, 200);
    assert.equal((await server.get(`/v1/jobs/${id}/snapshot`, bearer("copy"))).body.code, "job_not_found");
    const wish = { kind: "import", collection: "copy", snapshot_of: id };
    assert.equal(await code("reader", wish), "scope_missing");
    assert.equal(await code("copy", wish), "job_not_found", "the snapshot is one of another collection");
    assert.equal(await code("pets", wish), "collection_refused");
    assert.equal((await send("operator", wish)).status, 202);
    assert.equal((await server.send("DELETE", `/v1/jobs/${id}`, { headers: bearer("reader") })).body.code, "scope_missing");
  });
});

test("orders that contradict themselves are refused, and so are snapshots that are not there", async () => {
  await using jobs = await start(1);
  const code = async (body: object) => (await jobs.server.post("/v1/jobs", body)).body.code;
  const wrong = [
    { kind: "export", collection: "pets", sources: ["x"] },
    { kind: "export", collection: "pets", snapshot_of: "0a" },
    { kind: "export", collection: "pets", options: { limit: 1 } },
    { kind: "import", collection: "pets" },
    { kind: "import", collection: "pets", snapshot_of: "../x" },
    { kind: "copy", collection: "pets" },
    { collection: "pets", sources: ["x"], snapshot_of: "0a" },
    { collection: "pets" },
  ];
  for (const body of wrong) assert.equal(await code(body), "request_invalid", JSON.stringify(body));
  assert.equal(await code({ kind: "export", collection: "none" }), "collection_not_found");
  assert.equal(await code({ kind: "import", collection: "copy", snapshot_of: "0a" }), "job_not_found");
  const ingest = (await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(9) }] })).body;
  await jobs.ended(ingest.id);
  assert.equal(await code({ kind: "import", collection: "copy", snapshot_of: ingest.id }), "snapshot_missing");
  assert.equal((await jobs.server.get(`/v1/jobs/${ingest.id}/snapshot`)).body.code, "snapshot_missing");
  const { id } = await exported(jobs);
  assert.equal(await code({ kind: "import", collection: "none", snapshot_of: id }), "collection_not_found");
  assert.equal((await jobs.server.post(`/v1/jobs/${id}/retry`, {})).body.code, "request_invalid");
});

describe("a snapshot", () => {
  test("brings all rows into an empty collection as they were, and a second import finds nothing to do", async () => {
    await using jobs = await start(40);
    const job = await exported(jobs);
    assert.deepEqual([job.kind, job.state, job.total, job.counts.stored, job.counts.failed], ["export", "completed", 40, 40, 0]);
    assert.deepEqual(wire.job.parse(job), job);
    const first = await imported(jobs, job.id);
    assert.deepEqual([first.kind, first.snapshot_of, first.state, first.counts.stored], ["import", job.id, "completed", 40]);
    assert.deepEqual(await rowsOf(jobs, "copy"), await rowsOf(jobs, "pets"));
    const again = await imported(jobs, job.id);
    assert.deepEqual([again.counts.stored, again.counts.skipped], [0, 40]);
    for (const id of [job.id, first.id]) {
      const result = (await jobs.server.get(`/v1/jobs/${id}/result`)).body;
      assert.deepEqual(wire.jobResult.parse(result), result);
      for (const { event, data } of await jobs.watch(id)) assert.deepEqual((event === "job" ? wire.job : wire.picture).parse(data), data);
    }
  });

  test("replaces no row that the collection has, whatever it has become", async () => {
    await using jobs = await start(3);
    const { id } = await exported(jobs);
    const headers = { "content-type": "application/json" };
    await jobs.server.send("PATCH", "/v1/collections/pets/images/pet-1", { body: '{"metadata": {"number": 100}}', headers });
    await jobs.server.post("/v1/collections/pets/images/delete", { ids: ["pet-2"] });
    const job = await imported(jobs, id, "pets");
    assert.deepEqual([job.counts.stored, job.counts.skipped], [1, 2]);
    const numbers = (await rowsOf(jobs, "pets")).map(({ metadata }: { metadata: { number: number } }) => metadata.number);
    assert.deepEqual(numbers, [0, 100, 2]);
  });

  test("is downloaded as one Parquet file, whose name is that of the collection", async () => {
    await using jobs = await start();
    const { id } = await exported(jobs);
    const answer = await fetch(`${jobs.server.url}/v1/jobs/${id}/snapshot`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/vnd.apache.parquet"]);
    assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="pets.parquet"');
    assert.equal(Number(answer.headers.get("content-length")), bytes.length);
    assert.deepEqual(bytes, readFileSync(fileOf(jobs, id)));
    assert.equal(bytes.subarray(0, 4).toString(), "PAR1");
  });

  test("takes space of all jobs, gives it back when its job is deleted, and fails alone when there is too little", async () => {
    await using jobs = await start(30, { server: { maxJobsMb: 1 } });
    const vectors = (round: number) =>
      Array.from({ length: 1000 }, (_, at) => ({
        source: `https://example.com/${round}/${"x".repeat(200)}${at}.jpg`,
        vector: Array.from({ length: 16 }, (_, place) => (place === at % 16 ? 1 : 0.01 * round)),
      }));
    for (const round of [1, 2]) {
      const { body } = await jobs.server.post("/v1/collections/pets/vectors", {
        embedder: "memory, 16 dimensions",
        vectors: vectors(round),
      });
      assert.equal(body.stored, 1000);
    }
    const first = await exported(jobs);
    assert.equal(first.state, "completed", JSON.stringify(first.error));
    const ids = [first.id];
    let last = first;
    while (last.state === "completed" && ids.length < 20) {
      last = await exported(jobs);
      ids.push(last.id);
    }
    assert.deepEqual([last.state, last.error.code], ["failed", "snapshot_too_large"]);
    assert.deepEqual(
      readdirSync(folderOf(jobs, last.id)).filter((name) => name.startsWith("snapshot")),
      [],
    );
    for (const id of ids) assert.equal((await jobs.server.send("DELETE", `/v1/jobs/${id}`)).status, 204);
    assert.equal(existsSync(folderOf(jobs, first.id)), false);
    assert.equal((await exported(jobs)).state, "completed");
  });

  test("stays while an import waits for it or reads it, and a job that is deleted takes its snapshot along", async () => {
    await using jobs = await start(3);
    const { id } = await exported(jobs);
    const { server } = jobs;
    await server.stop();
    const record = JSON.parse(readFileSync(join(folderOf(jobs, id), "job.json"), "utf8"));
    const waiting = `${id.slice(0, -1)}${id.endsWith("z") ? "y" : "z"}`;
    mkdirSync(folderOf(jobs, waiting));
    const request = { ...record.request, kind: "import", collection: "copy", snapshotOf: id };
    writeFileSync(
      join(folderOf(jobs, waiting), "job.json"),
      JSON.stringify({ ...record, id: waiting, state: "queued", endedAt: null, request }),
    );
    await server.restart();
    const job = await jobs.ended(waiting);
    assert.deepEqual([job.state, job.counts.stored], ["completed", 3]);
    const reading = (state: Job["state"]) => new Map([[waiting, { job: { id: waiting, state, request } } as Entry]]);
    const read = { job: { id } } as Entry;
    assert.deepEqual(
      [isRead(read, reading("queued")), isRead(read, reading("running")), isRead(read, reading("completed"))],
      [true, true, false],
    );
    assert.equal((await server.send("DELETE", `/v1/jobs/${id}`)).status, 204);
    assert.equal((await server.get(`/v1/jobs/${id}/snapshot`)).body.code, "job_not_found");
    assert.equal(await countOf(jobs, "copy"), 3);
  });
});

describe("records", () => {
  test("of earlier versions are ingestions, and those of an unknown kind are left alone", async () => {
    await using jobs = await start(1);
    const { server } = jobs;
    const ids: string[] = [];
    for (const value of [50, 51]) {
      const { body } = await server.post("/v1/jobs", { collection: "pets", images: [{ base64: base64(value) }] });
      ids.push(body.id);
      await jobs.ended(body.id);
    }
    const [old = "", unknown = ""] = ids;
    await server.stop();
    const path = (id: string): string => join(folderOf(jobs, id), "job.json");
    const record = (id: string) => JSON.parse(readFileSync(path(id), "utf8"));
    const { kind: _, snapshotOf: __, ...request } = record(old).request;
    writeFileSync(path(old), JSON.stringify({ ...record(old), request }));
    writeFileSync(path(unknown), JSON.stringify({ ...record(unknown), request: { ...record(unknown).request, kind: "compact" } }));
    await server.restart();
    const found = (await server.get("/v1/jobs")).body.jobs;
    assert.deepEqual(
      found.map(({ id, kind, snapshot_of }: { id: string; kind: string; snapshot_of: null }) => [id, kind, snapshot_of]),
      [[old, "ingest", null]],
    );
    assert.ok(existsSync(path(unknown)));
  });
});
