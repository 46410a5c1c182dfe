/** A remote table or archive that has not changed is not copied again only for its names. */
import assert from "node:assert/strict";
import { readdir, readFile, truncate } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { fileServer, type ServedFile } from "../sources/file-server.js";
import { type PackedFile, tarOf } from "../support/archives.js";
import { writeParquet } from "../support/parquet-table.js";
import { type Workspace, workspace } from "./command.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly missing: number | null;
  readonly pruned: number;
  readonly leftOut: Readonly<Record<string, number>>;
}

const golden = resolve("test", "fidelity", "golden");
const coffee = new Uint8Array(await readFile(join(golden, "coffee.jpg")));
const cat = new Uint8Array(await readFile(join(golden, "chelsea.jpg")));
const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];
const text = (value: string) => Buffer.from(value);

function samples(from: number, to: number): readonly PackedFile[] {
  return Array.from({ length: to - from }, (_, at) => [
    { name: `${from + at}.jpg`, bytes: at % 2 === 0 ? coffee : cat },
    { name: `${from + at}.json`, bytes: text(JSON.stringify({ at: from + at })) },
  ]).flat();
}

async function rowsOf(space: Workspace, collection: string) {
  const args = ["search", join(golden, "coffee.jpg"), "--top-k", "1000", "--collection", collection];
  const { hits } = await space.json<{ hits: { source: string; metadata: object }[] }>(0, ...args);
  return hits.map(({ source, metadata }) => ({ source, metadata })).sort((a, b) => (a.source < b.source ? -1 : 1));
}

const namesIn = async (space: Workspace) => {
  const folder = join(space.folder, "headrace-data", "downloads", "names");
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
};

test("a second run copies nothing of an unchanged tar, tar.gz, Parquet file and CSV, and another collection gets the same rows", async () => {
  await using space = await workspace();
  const parquet = join(space.folder, "a.parquet");
  await writeParquet(parquet, [
    { name: "image", data: [coffee, cat], type: "BYTE_ARRAY" },
    { name: "n", data: [1, 2], type: "INT32" },
  ]);
  const files: Record<string, ServedFile> = {
    "/a.tar": { bytes: tarOf([...samples(0, 10), { name: "a.heif2", bytes: text("?") }]) },
    "/b.tar.gz": { bytes: gzipSync(tarOf(samples(10, 14))) },
    "/c.parquet": { bytes: await readFile(parquet), version: "last-modified" },
    "/d.csv": { bytes: text("path,year\na.jpg,1\n") },
    "/a.jpg": { bytes: coffee },
  };
  await using server = await fileServer(files);
  const urls = ["a.tar", "b.tar.gz", "c.parquet", "d.csv"].map((name) => `${server.url}/${name}`);
  const first = await space.json<Document>(0, "ingest", ...urls);
  assert.deepEqual(counts(first), [17, 17, 0, 0]);
  const sent = { ...server.sent };
  const second = await space.json<Document>(0, "ingest", ...urls);
  assert.deepEqual(counts(second), [17, 0, 17, 0]);
  assert.deepEqual(second.leftOut, first.leftOut);
  assert.deepEqual(server.sent, sent);

  assert.deepEqual(counts(await space.json<Document>(0, "ingest", ...urls, "--collection", "others")), [17, 17, 0, 0]);
  assert.deepEqual(await rowsOf(space, "others"), await rowsOf(space, "images"));
});

test("a file whose ETag changes, or whose ETag stays while its size changes, or without an ETag, is copied again", async () => {
  await using space = await workspace();
  const tagged: { bytes: Uint8Array } = { bytes: tarOf(samples(0, 3)) };
  const stuck = { bytes: tarOf(samples(10, 13)) as Uint8Array, etag: '"always"' };
  const untold = { bytes: tarOf(samples(20, 23)) as Uint8Array, version: "none" as const };
  await using server = await fileServer({ "/a.tar": tagged, "/b.tar": stuck, "/c.tar": untold });
  const urls = `${server.url}/{a,b,c}.tar`;
  const sources = ["a", "b", "c"].map((name) => `${server.url}/${name}.tar`);
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", ...sources)), [9, 9, 0, 0], urls);
  tagged.bytes = tarOf(samples(1, 4));
  stuck.bytes = tarOf(samples(10, 14));
  untold.bytes = tarOf(samples(20, 24));
  const again = await space.json<Document>(0, "sync", ...sources, "--prune", "--max-deletions", "1");
  assert.deepEqual([again.read, again.failed, again.missing, again.pruned], [11, 0, 1, 1]);
  assert.deepEqual([server.sent["/a.tar"], server.sent["/b.tar"], server.sent["/c.tar"]], [2, 2, 2]);
});

test("a damaged record hides no image: the file is copied, and each image is listed once", async () => {
  await using space = await workspace();
  await using server = await fileServer({ "/a.tar": { bytes: tarOf(samples(0, 30)) } });
  await space.json<Document>(0, "ingest", `${server.url}/a.tar`);
  const [record = ""] = await namesIn(space);
  await truncate(record, (await readFile(record)).length - 3);
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${server.url}/a.tar`)), [30, 0, 30, 0]);
  assert.equal(server.sent["/a.tar"], 2);
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", `${server.url}/a.tar`)), [30, 0, 30, 0]);
  assert.equal(server.sent["/a.tar"], 2, "the record is whole again");
});

test("shards that together are larger than the disk allows are stored from their records, and two runs do so at once", async () => {
  const shard = (at: number) => tarOf([...samples(at * 10, at * 10 + 5), { name: `${at}.bin`, bytes: new Uint8Array(600 * 1024) }]);
  const shards = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`/s-${at}.tar`, { bytes: shard(at) }]));
  await using server = await fileServer(shards);
  await using space = await workspace();
  const inputs = [`${server.url}/s-{0..4}.tar`, "--set", "downloads.max_mb=2"];
  assert.deepEqual(counts(await space.json<Document>(0, "ingest", ...inputs)), [25, 25, 0, 0]);
  assert.equal((await namesIn(space)).length, 5);
  const others = await Promise.all(["b", "c"].map((name) => space.json<Document>(0, "ingest", ...inputs, "--collection", name)));
  assert.deepEqual(others.map(counts), [
    [25, 25, 0, 0],
    [25, 25, 0, 0],
  ]);
});

test("no names are kept of a list with signed addresses, or with downloads.names_max_mb=0", async () => {
  await using server = await fileServer({
    "/list.csv": { bytes: text("path\na.jpg?X-Amz-Signature=secret\n") },
    "/a.tar": { bytes: tarOf(samples(0, 2)) },
    "/a.jpg?X-Amz-Signature=secret": { bytes: coffee },
  });
  await using space = await workspace();
  await space.run("ingest", `${server.url}/list.csv`);
  await space.json<Document>(0, "ingest", `${server.url}/a.tar`, "--set", "downloads.names_max_mb=0");
  assert.deepEqual(await namesIn(space), []);
});
