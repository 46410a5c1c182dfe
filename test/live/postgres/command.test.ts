/** `headrace` as a user runs it, with its collections in a real PostgreSQL. */
import assert from "node:assert/strict";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { ended, type Workspace, workspace } from "../../flow/command.js";
import { installPostgres, type PostgresServer, startPostgres } from "../../support/services/postgres.js";
import { waitUntil } from "../../support/services/process.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("PostgreSQL", installPostgres);
const photos = 60;

interface Ingested {
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
}

describe("headrace with PostgreSQL", { skip }, () => {
  let server: PostgresServer;
  let space: Workspace;
  before(async () => {
    server = await startPostgres();
    space = await workspace();
    await writeFile(join(space.folder, "headrace.yaml"), `postgres:\n  url: ${server.url}\n  table_prefix: pictures_\n`);
    await writePhotos(join(space.folder, "photos"), photos);
  });
  after(async () => {
    await space?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  const json = <T>(...args: readonly string[]) => space.json<T>(0, ...args, "--config", "headrace.yaml");
  const count = async (...more: readonly string[]) => (await json<{ readonly count: number }>("count", ...more)).count;
  const rows = async (table: string) => Number(await server.sql(`SELECT count(*) FROM "${table}"`));

  it("ingests photos, and stores none of them in a second run", async () => {
    const first = await json<Ingested>("ingest", "photos");
    assert.deepEqual([first.stored, first.failed], [photos, 0]);
    assert.equal(await rows("pictures_images"), photos);
    const second = await json<Ingested>("ingest", "photos");
    assert.deepEqual([second.stored, second.skipped], [0, photos]);
  });

  it("the table is one that other programs can read", async () => {
    const text = `SELECT vector_dims(embedding), source, jsonb_typeof(metadata), width FROM pictures_images ORDER BY source LIMIT 1`;
    const [dims = "", source = "", metadata, width] = (await server.sql(text)).trim().split("|");
    assert.ok(Number(dims) > 100);
    assert.match(source, /^file:\/\/\/.*photos\/photo-00\.png$/);
    assert.deepEqual([metadata, width], ["object", "48"]);
  });

  it("finds a photo by itself, with a filter and without, and the nearest first", async () => {
    interface Found {
      readonly hits: readonly { readonly source: string; readonly score: number }[];
    }
    const [own] = (await json<Found>("search", "photos/photo-07.png")).hits;
    assert.match(own?.source ?? "", /photo-07\.png$/);
    assert.ok((own?.score ?? 0) > 0.999);
    const filtered = await json<Found>(
      "search",
      "photos/photo-07.png",
      "--filter",
      'width == 48 and not startsWith(source, "https")',
      "--top-k",
      "5",
    );
    assert.equal(filtered.hits.length, 5);
    assert.equal(await count("--filter", "width == 47"), 0);
  });

  it("copies a collection to LanceDB and back, and every row arrives", async () => {
    await json("copy", "--from", "postgres:images", "--to", "lancedb:images");
    await json("copy", "--from", "lancedb:images", "--to", "postgres:returned");
    assert.equal(await rows("pictures_returned"), photos);
    const differing = `SELECT count(*) FROM pictures_images a FULL JOIN pictures_returned b USING (id)
      WHERE a.embedding IS DISTINCT FROM b.embedding OR a.content IS DISTINCT FROM b.content OR a.ingested_at IS DISTINCT FROM b.ingested_at`;
    assert.equal((await server.sql(differing)).trim(), "0");
  });

  it("exports all rows", async () => {
    await json("export", "images", "--output", "images.parquet");
    const { code, stdout, stderr } = await space.run("import", "images.parquet", "--collection", "imported", "--config", "headrace.yaml");
    assert.equal(code, 0, stdout + stderr);
    assert.equal(await rows("pictures_imported"), photos);
  });

  it("deletes rows by a filter, and sync --prune deletes those of files that are gone", async () => {
    await json("delete", "--filter", 'startsWith(version, "no such version")', "--yes");
    assert.equal(await count(), photos);
    await rm(join(space.folder, "photos", "photo-03.png"));
    await json("sync", "photos", "--prune");
    assert.equal(await count(), photos - 1);
  });

  it("a run that is killed is continued by the next one", async () => {
    await writePhotos(join(space.folder, "more"), 400);
    const child = space.start(
      "ingest",
      "more",
      "--collection",
      "killed",
      "--config",
      "headrace.yaml",
      "--set",
      "async_pipeline.insert_batch_size=8",
    );
    const end = ended(child);
    const some = async () => (await rows("pictures_killed")) > 0;
    await waitUntil("rows appear", some, { timeoutMs: 60_000, everyMs: 20, alive: () => child.exitCode === null });
    child.kill("SIGKILL");
    await end;
    const before = await rows("pictures_killed");
    const { stored, skipped } = await json<Ingested>("ingest", "more", "--collection", "killed");
    assert.deepEqual([stored + skipped, stored], [400, 400 - before]);
    assert.equal(await rows("pictures_killed"), 400);
  });

  it("three processes that ingest the same photos at the same time store each photo once, also into a new collection", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => json<Ingested>("ingest", "photos", "--collection", "shared")));
    for (const { stored, skipped, failed } of runs) assert.deepEqual([stored + skipped, failed], [photos - 1, 0]);
    assert.equal(await rows("pictures_shared"), photos - 1);
  });

  it("a run goes on when the server is killed and comes back", async () => {
    const child = space.start(
      "ingest",
      "more",
      "--collection",
      "outage",
      "--config",
      "headrace.yaml",
      "--set",
      "async_pipeline.insert_batch_size=8",
    );
    const end = ended(child);
    const some = async () => (await rows("pictures_outage")) > 0;
    await waitUntil("rows appear", some, { timeoutMs: 60_000, everyMs: 20, alive: () => child.exitCode === null });
    await server.kill();
    await server.restart();
    const { code, stdout, stderr } = await end;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(await rows("pictures_outage"), 400);
  });

  it("an alias names a collection, which is not dropped as long as it does", async () => {
    await json("collection", "alias", "set", "current", "images");
    assert.equal(await count("--collection", "current"), photos - 1);
    await space.json(1, "collection", "drop", "images", "--yes", "--config", "headrace.yaml");
    await json("collection", "alias", "drop", "current");
  });

  it("doctor finds nothing to complain about, and `config` masks the password", async () => {
    const { code, stdout, stderr } = await space.run("doctor", "--config", "headrace.yaml");
    assert.equal(code, 0, stdout + stderr);
    for (const url of ["postgresql://me:s3cret@db/x", "postgresql://db/x?user=me&password=s3cret"]) {
      const shown = await space.run("config", "--set", `postgres.url=${url}`);
      assert.equal(shown.code, 0, shown.stderr);
      assert.doesNotMatch(shown.stdout + shown.stderr, /s3cret/);
    }
  });

  for (const [what, set, expected] of [
    ["a server that is away", "postgres.url=postgresql://127.0.0.1:9/x", /127\.0\.0\.1:9.*ECONNREFUSED/],
    ["a database that does not exist", "DATABASE/absent", /database "absent" does not exist[\s\S]*createdb/],
    ["a URL of another kind", "postgres.url=http://db", /postgres\.url.*postgresql:\/\//],
  ] as const) {
    it(`${what} is named, with advice`, async () => {
      const setting = set.startsWith("DATABASE/") ? `postgres.url=${server.url.replace(/headrace$/, set.slice(9))}` : set;
      const { code, stderr } = await space.run("collection", "list", "--set", setting);
      assert.equal(code, what === "a server that is away" ? 1 : 2, stderr);
      assert.match(stderr, expected);
    });
  }
});

/** Different pictures of 48 × 32 pixels. */
async function writePhotos(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [width, height] = [48, 32];
  let last = folder;
  for (let photo = 0; photo < count; photo += 1) {
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => 128 + 127 * Math.sin(at * (0.01 + photo * 0.003) + photo));
    const path = join(folder, `photo-${String(photo).padStart(2, "0")}.png`);
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path);
    last = path;
  }
  // Versions of files that changed less than two seconds ago are not trusted.
  while (Date.now() - (await stat(last)).ctimeMs < 2_100) await new Promise(setImmediate);
}
