/** Jobs that use files which were sent in parts: images, and archives that are unpacked as if each image had been sent. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type PackedFile, tarOf, writeZip } from "../support/archives.js";
import { waitUntil } from "../support/services/process.js";
import { JobServer } from "./job-server.js";
import { type Answered, image, type TestServer } from "./running.js";

const soon = { timeoutMs: 30_000, everyMs: 10 };
const tus = { "tus-resumable": "1.0.0" };

/** Sends a file in two parts, and returns the id of the upload. */
async function sent(server: TestServer, bytes: Uint8Array, filename: string, headers: Record<string, string> = {}): Promise<string> {
  const name = `filename ${Buffer.from(filename).toString("base64")}`;
  const begun = await server.send("POST", "/v1/uploads", {
    headers: { ...tus, "upload-length": String(bytes.byteLength), "upload-metadata": name, ...headers },
  });
  const middle = Math.floor(bytes.byteLength / 2);
  for (const [from, to] of [
    [0, middle],
    [middle, bytes.byteLength],
  ] as const) {
    const { status } = await server.send("PATCH", `/v1/uploads/${begun.body.id}`, {
      headers: { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": String(from), ...headers },
      body: Buffer.from(bytes.subarray(from, to)),
    });
    assert.equal(status, 204);
  }
  return begun.body.id;
}

async function zipOf(jobs: JobServer, files: readonly PackedFile[]): Promise<Buffer> {
  const path = join(jobs.folder, "made.zip");
  await writeZip(path, files);
  return readFile(path);
}

const start = (server: TestServer, images: readonly object[], headers: Record<string, string> = {}): Promise<Answered> =>
  server.post("/v1/jobs", { collection: "pets", images }, headers);

const uploadsOf = async ({ dataFolder }: TestServer): Promise<readonly string[]> => readdir(join(dataFolder, "jobs", ".uploads"));

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const rowsOf = async ({
  server,
}: JobServer): Promise<readonly { readonly id: string; readonly source: string; readonly metadata: object }[]> =>
  (await server.get("/v1/collections/pets/images")).body.images;

test("a job uses uploads beside other images, and forgets them", async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const [first, second] = [await sent(server, image(1), "one.jpg"), await sent(server, image(3), "dir/two.jpg")];
  const base64 = Buffer.from(image(5)).toString("base64");
  const { status, body } = await start(server, [
    { upload: first, id: "a", metadata: { year: 2024 } },
    { upload: second },
    { base64, id: "c" },
  ]);
  assert.deepEqual([status, body.given], [202, 3]);
  const job = await jobs.ended(body.id);
  assert.deepEqual([job.state, job.total, job.counts.stored, job.counts.failed], ["completed", 3, 3, 0]);
  const rows = new Map((await rowsOf(jobs)).map((row) => [row.source, row]));
  const row = rows.get(`sha256:${hashOf(image(1))}`);
  assert.deepEqual([row?.id, row?.metadata], ["a", { filename: "one.jpg", year: 2024 }]);
  assert.deepEqual(rows.get(`sha256:${hashOf(image(3))}`)?.metadata, { filename: "two.jpg" });
  assert.deepEqual(await uploadsOf(server), []);
  assert.equal((await server.get(`/v1/uploads`)).body.uploads.length, 0);
});

const packed: readonly PackedFile[] = [
  { name: "a/x.jpg", bytes: image(1) },
  { name: "a/y.jpg", bytes: image(3) },
  { name: "a/y.json", bytes: Buffer.from('{"year": 2020}') },
  { name: "bad.jpg", bytes: Uint8Array.of(0xff) },
  { name: "notes.pdf", bytes: Uint8Array.of(1) },
];

for (const [kind, name] of [
  ["zip", "photos.zip"],
  ["tar", "photos"],
  ["tar.gz", "photos.tgz"],
] as const) {
  test(`an archive (${kind}) is unpacked: each image is stored with its name and its metadata, and the rest is told`, async () => {
    await using jobs = await JobServer.start();
    const bytes = kind === "zip" ? await zipOf(jobs, packed) : kind === "tar" ? tarOf(packed) : gzipSync(tarOf(packed));
    const upload = await sent(jobs.server, bytes, name);
    const { body } = await start(jobs.server, [{ upload, metadata: { album: "x" } }]);
    const job = await jobs.ended(body.id);
    assert.deepEqual([job.state, job.total, job.counts.stored, job.counts.failed], ["completed", 3, 2, 1]);
    const metadata = (await rowsOf(jobs)).map((row) => row.metadata);
    assert.deepEqual(
      metadata.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      [
        { album: "x", filename: "a/x.jpg" },
        { album: "x", filename: "a/y.jpg", year: 2020 },
      ],
    );
    const result = (await jobs.server.get(`/v1/jobs/${body.id}/result`)).body;
    assert.deepEqual(result.left_out, { ".pdf": 1 });
    // The damaged image is kept for a retry, and nothing else.
    const kept = (): Promise<readonly string[]> => readdir(join(jobs.server.dataFolder, "jobs", body.id, "uploads"));
    await waitUntil("what is not needed is deleted", async () => (await kept()).length === 1, soon);
    assert.deepEqual(await kept(), [hashOf(Uint8Array.of(0xff))]);
    const retry = await jobs.server.post(`/v1/jobs/${body.id}/retry`, {});
    assert.deepEqual((await jobs.ended(retry.body.id)).counts.failed, 1);
  });
}

test("damaged archives, and members that are too large, fail alone and name no folder of the server", async () => {
  await using jobs = await JobServer.start({ settings: { preprocess: { maxFileMb: 1 } } });
  const { server } = jobs;
  const whole = await zipOf(jobs, [{ name: "x.jpg", bytes: image(1) }]);
  const cut = await sent(server, whole.subarray(0, whole.byteLength - 8), "cut.zip");
  const large = await sent(
    server,
    await zipOf(jobs, [
      { name: "bomb.png", bytes: Buffer.alloc(2 ** 21) },
      { name: "y.jpg", bytes: image(3) },
    ]),
    "large.zip",
  );
  const { body } = await start(server, [{ upload: cut }, { upload: large }]);
  const job = await jobs.ended(body.id);
  assert.deepEqual([job.state, job.total, job.counts.stored, job.counts.failed], ["completed", 3, 1, 2]);
  const { failures } = (await server.get(`/v1/jobs/${body.id}/failures`)).body;
  const told = failures.map(({ source, problem }: { source: string; problem: { code: string } }) => `${source} ${problem.code}`);
  assert.deepEqual(told.sort(), ["upload:cut.zip input_invalid", "upload:large.zip#bomb.png source_too_large"]);
  assert.ok(!JSON.stringify(failures).includes(server.dataFolder));
  const log = await readFile(join(server.dataFolder, "jobs", body.id, "failures.jsonl"), "utf8");
  assert.ok(!log.includes("arrived"));
});

test("an archive that unpacks to more than a job may have ends there, and what came before is stored", async () => {
  await using jobs = await JobServer.start({ server: { maxJobMb: 1 } });
  const files = [1, 3, 5].map((value) => ({ name: `${value}.png`, bytes: Buffer.alloc(500_000, value) }));
  const upload = await sent(jobs.server, await zipOf(jobs, files), "bomb.zip");
  const { body } = await start(jobs.server, [{ upload }]);
  const job = await jobs.ended(body.id);
  assert.deepEqual([job.state, job.counts.stored, job.counts.failed], ["completed", 2, 1]);
  const { failures } = (await jobs.server.get(`/v1/jobs/${body.id}/failures`)).body;
  assert.deepEqual([failures[0].source, failures[0].problem.code], ["upload:bomb.zip", "source_too_large"]);
});

test("a job that is refused takes no upload away", async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const half = (await server.send("POST", "/v1/uploads", { headers: { ...tus, "upload-length": "5" } })).body.id;
  const archive = await sent(server, await zipOf(jobs, [{ name: "x.jpg", bytes: image(1) }]), "x.zip");
  const whole = await sent(server, image(1), "one.jpg");
  const unknown = "00000000-0000-4000-8000-000000000000";
  const refusals: readonly (readonly [object, string])[] = [
    [{ upload: half }, "upload_incomplete"],
    [{ upload: unknown }, "upload_not_found"],
    [{ upload: archive, id: "a" }, "request_invalid"],
    [{ upload: whole, base64: "AQI=" }, "request_invalid"],
    [{ upload: `../${unknown.slice(3)}` }, "request_invalid"],
  ];
  for (const [entry, code] of refusals) assert.equal((await start(server, [{ upload: whole }, entry])).body.code, code);
  const elsewhere = await server.post("/v1/jobs", { collection: "none", images: [{ upload: whole }] });
  assert.equal(elsewhere.body.code, "collection_not_found");
  assert.equal((await uploadsOf(server)).length, 3);
  assert.deepEqual(
    (await readdir(join(server.dataFolder, "jobs"))).filter((name) => name.startsWith(".draft")),
    [],
  );
  const { body } = await start(server, [{ upload: whole }]);
  assert.equal((await jobs.ended(body.id)).counts.stored, 1);
});

test("a repeated request gets its job, although the uploads are gone; another request with them is refused", async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const upload = await sent(server, image(1), "one.jpg");
  const key = { "idempotency-key": "k1" };
  const first = await start(server, [{ upload }], key);
  await jobs.ended(first.body.id);
  const again = await start(server, [{ upload }], key);
  assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
  assert.equal((await start(server, [{ upload, id: "other" }], key)).body.code, "idempotency_conflict");
  assert.equal((await start(server, [{ upload }], { "idempotency-key": "k2" })).body.code, "upload_used");
});

test("two jobs that want one upload at the same time both have its image, or one is refused", async () => {
  await using jobs = await JobServer.start();
  const { server } = jobs;
  const upload = await sent(server, image(1), "one.jpg");
  const answers = await Promise.all([start(server, [{ upload, id: "a" }]), start(server, [{ upload, id: "b" }])]);
  let stored = 0;
  for (const { status, body } of answers) {
    if (status === 202) stored += (await jobs.ended(body.id)).counts.stored;
    else assert.equal(body.code, "upload_not_found");
  }
  assert.equal(stored, answers.filter(({ status }) => status === 202).length);
  assert.deepEqual(await uploadsOf(server), []);
});

test("the images of an upload count once in the space of all jobs, and are given back", async () => {
  await using jobs = await JobServer.start({ server: { maxJobsMb: 2 } });
  const { server } = jobs;
  const big = (value: number): Buffer => Buffer.alloc(1_500_000, value);
  for (const value of [1, 3]) {
    const upload = await sent(server, big(value), `${value}.jpg`);
    const { body } = await start(server, [{ upload }]);
    assert.equal((await jobs.ended(body.id)).counts.stored, 1);
    // The end is known before the files are deleted.
    const isFree = async (): Promise<boolean> => {
      const headers = { ...tus, "upload-length": String(2 ** 21 - 8192) };
      const { status, body: begun } = await server.send("POST", "/v1/uploads", { headers });
      if (status === 201) await server.send("DELETE", `/v1/uploads/${begun.id}`, { headers: tus });
      return status === 201;
    };
    await waitUntil("the space is free", isFree, soon);
  }
});
