/** `headrace export --for`: images with their metadata and vectors as shards, which Headrace reads again, and small pictures for a viewer. */
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import sharp from "sharp";
import { list } from "tar";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type Workspace, workspace } from "./command.js";

const golden = resolve("test", "fidelity", "golden");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"];

interface Exported {
  readonly ended: string;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly to: string;
}

async function withPhotos(space: Workspace): Promise<void> {
  await mkdir(join(space.folder, "photos"));
  for (const name of photos) await cp(join(golden, name), join(space.folder, "photos", name));
  const lines = photos.map((name, index) =>
    JSON.stringify({ input: `photos/${name}`, metadata: { year: 2020 + index, caption: `a "${name}"` } }),
  );
  await writeFile(join(space.folder, "m.jsonl"), lines.join("\n"));
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "photos");
}

/** The files of a shard, in their order. */
async function membersOf(path: string): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> {
  const members: { name: string; bytes: Buffer }[] = [];
  await list({
    file: path,
    onReadEntry: (entry) => {
      const parts: Buffer[] = [];
      entry.on("data", (part: Buffer) => parts.push(part));
      entry.on("end", () => members.push({ name: entry.path, bytes: Buffer.concat(parts) }));
    },
  });
  return members;
}

test("each sample has the bytes of its image, its metadata and its vector, and the shard can be ingested again", async () => {
  await using space = await workspace();
  await withPhotos(space);
  const done = await space.json<Exported>(0, "export", "photos", "--for", "webdataset", "--output", "shards");
  assert.deepEqual([done.ended, done.stored, done.failed, done.to], ["completed", 3, 0, "shards"]);
  assert.deepEqual(await readdir(join(space.folder, "shards")), ["photos-000000.tar"]);
  const members = await membersOf(join(space.folder, "shards", "photos-000000.tar"));
  assert.equal(members.length, 9);
  const found = new Map(members.map(({ name, bytes }) => [name, bytes]));
  for (let at = 0; at < 3; at += 1) {
    const key = String(at).padStart(9, "0");
    const { url, year, caption, ...others } = JSON.parse(found.get(`${key}.json`)!.toString()) as Record<string, string>;
    const name = photos.find((each) => url!.endsWith(`/photos/${each}`))!;
    assert.deepEqual([year, caption, Object.keys(others)], [2020 + photos.indexOf(name), `a "${name}"`, ["key"]]);
    assert.deepEqual(found.get(`${key}.jpg`), await readFile(join(golden, name)));
    assert.match(found.get(`${key}.npy`)!.toString("latin1", 0, 128), /'<f4'.*\(1280,\)/);
  }
  const again = await space.json<{ stored: number }>(0, "ingest", "shards/photos-000000.tar", "--collection", "again");
  assert.equal(again.stored, 3);
  const { hits } = await space.json<{ hits: readonly { score: number; metadata: Record<string, unknown> }[] }>(
    0,
    "search",
    "photos/coffee.jpg",
    "--collection",
    "again",
  );
  assert.ok(hits[0]!.score > 0.999);
  assert.equal(hits[0]!.metadata["year"], 2021);
});

test("an image that is gone fails alone, one that has changed is left out, and a filter chooses", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await rm(join(space.folder, "photos", "chelsea.jpg"));
  await cp(join(golden, "rocket.jpg"), join(space.folder, "photos", "coffee.jpg"));
  const done = await space.json<Exported>(3, "export", "photos", "--for", "webdataset", "--output", "some");
  assert.deepEqual([done.ended, done.stored, done.skipped, done.failed], ["completed", 1, 1, 1]);
  const members = await membersOf(join(space.folder, "some", "photos-000000.tar"));
  assert.deepEqual(
    members.map(({ name }) => name.replace(/^\d+/, "")),
    [".jpg", ".json", ".npy"],
  );
  const filtered = await space.json<Exported>(0, "export", "photos", "--for", "webdataset", "--output", "few", "--filter", "year == 2022");
  assert.equal(filtered.stored, 1);
  const rows = await space.json<Exported>(0, "export", "photos", "--output", "few.parquet", "--filter", "year != 2022");
  assert.equal(rows.stored, 2);
});

test("a folder with files stays as it is, and wrong uses are refused", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await mkdir(join(space.folder, "full"));
  await writeFile(join(space.folder, "full", "mine.txt"), "mine");
  for (const [args, expected] of [
    [["--for", "webdataset", "--output", "full"], /usage_invalid.*a new name or an empty folder, found mine\.txt/],
    [["--for", "webdataset", "--output", "new", "--format", "npy"], /cannot be used with/],
    [["--for", "webdataset", "--output", "new", "--base", "."], /usage_invalid.*both --base and --as/],
    [["--for", "webdataset", "--output", "new", "--filter", "year =="], /filter_invalid/],
  ] as const) {
    const { code, stderr } = await space.run("export", "photos", ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, expected);
  }
  assert.deepEqual(await readdir(join(space.folder, "full")), ["mine.txt"]);
  assert.deepEqual(
    (await readdir(space.folder)).filter((name) => name.startsWith("new") || name.endsWith(".partial")),
    [],
  );
});

test("a shard ends at its limits, and files that were ingested under another name are found", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await space.json(0, "ingest", "photos", "--base", "photos", "--as", "nas", "--collection", "named");
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(space.folder, "headrace-data") } }), {
    parts: "lazy",
  });
  const run = await pipeline.exportCollection({
    from: { collection: "named" },
    output: join(space.folder, "ones"),
    format: "webdataset",
    naming: { base: join(space.folder, "photos"), as: "nas" },
    shards: { maxImages: 2 },
  });
  assert.equal((await run.done).stored, 3);
  assert.deepEqual(await readdir(run.path), ["named-000000.tar", "named-000001.tar"]);
  const small = await pipeline.exportCollection({
    from: { collection: "photos" },
    output: join(space.folder, "small"),
    format: "webdataset",
    shards: { maxBytes: 1 },
  });
  await small.done;
  assert.equal((await readdir(small.path)).length, 3, "a shard has one image at least");
});

test("an export that is aborted leaves nothing", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: join(space.folder, "headrace-data") } }), {
    parts: "lazy",
  });
  const before = await readdir(space.folder);
  const controller = new AbortController();
  const run = await pipeline.exportCollection({
    from: { collection: "photos" },
    output: join(space.folder, "aborted"),
    format: "webdataset",
    signal: controller.signal,
  });
  controller.abort();
  assert.equal((await run.done).ended, "aborted");
  assert.deepEqual(await readdir(space.folder), before);
});

interface Viewed extends Readonly<Record<string, unknown>> {
  readonly source: string;
  readonly picture: Uint8Array | null;
  readonly vector: readonly number[];
}

test("for Embedding Atlas, every row is in a Parquet file, with a small picture if its image can be shown", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "photos");
  await rm(join(space.folder, "photos", "chelsea.jpg"));
  const { code, stderr } = await space.run("export", "photos", "--for", "embedding-atlas", "--output", "views/");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Some rows get no picture/);
  const imported = await space.run("import", "views/photos.parquet", "again");
  assert.match(imported.stderr, /input_invalid/);
  const file = await asyncBufferFromFile(join(space.folder, "views", "photos.parquet"));
  const { schema } = await parquetMetadataAsync(file);
  const columns = ["id", "picture", "source", "width", "height", "caption", "year", "vector"];
  assert.deepEqual(
    schema.map(({ name }) => name).filter((name) => !["headrace", "list", "element"].includes(name)),
    columns,
  );
  const rows = (await parquetReadObjects({ file, utf8: false })) as unknown as readonly Viewed[];
  assert.equal(rows.length, 3);
  for (const { source, picture, vector, year } of rows) {
    assert.deepEqual([vector.length, typeof year], [1280, "number"]);
    if (source.endsWith("chelsea.jpg")) assert.equal(picture, null);
    else {
      const { format, width, height } = await sharp(picture!).metadata();
      assert.deepEqual([format, Math.max(width, height)], ["jpeg", 200]);
    }
  }
});

test("a metadata key called picture is left out for a viewer, and no row is lost for it", async () => {
  await using space = await workspace();
  await withPhotos(space);
  await writeFile(join(space.folder, "m.jsonl"), JSON.stringify({ input: "photos/coffee.jpg", metadata: { picture: 7, year: 2001 } }));
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "odd");
  const done = await space.json<Exported>(0, "export", "odd", "--for", "embedding-atlas", "--output", "odd.parquet");
  assert.deepEqual([done.stored, done.failed], [1, 0]);
  const file = await asyncBufferFromFile(join(space.folder, "odd.parquet"));
  const [row] = (await parquetReadObjects({ file, utf8: false })) as unknown as readonly Viewed[];
  assert.deepEqual([row!["year"], row!.picture!.subarray(0, 2)], [2001, Uint8Array.of(0xff, 0xd8)]);
});
