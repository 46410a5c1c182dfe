/** Searching, counting and deleting from the command line, and how sources are shown. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { makeCorpus } from "../support/corpus/corpus.js";
import { ended, type Workspace, workspace } from "./command.js";
import { savedData } from "./saved-data.js";

const corpusFolder = resolve(".cache", "corpus", "flow");
let photos: readonly string[] = [];

interface Hit {
  readonly id: string;
  readonly score: number;
  readonly source: string;
  readonly path: string | null;
  readonly width: number;
  readonly height: number;
  readonly content: string;
}

before(async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  photos = corpus.photos.map(({ file }) => join(corpusFolder, file));
});

/** Three photos in a folder with a blank and letters of several languages in its name, and what failed. */
async function oddNames(space: Workspace): Promise<readonly string[]> {
  const folder = join(space.folder, "sub dir", "日本 😀");
  await mkdir(folder, { recursive: true });
  const names = ["a b.jpg", "é#1.jpg", "100%.jpg"].map((name) => join(folder, name));
  await Promise.all(names.map((name, index) => copyFile(photos[index]!, name)));
  return names;
}

test("hits are shown by their paths, and JSON has source, path, size and content", async () => {
  await using space = await workspace();
  const names = await oddNames(space);
  await space.json(0, "ingest", "sub dir");
  const { stdout } = await space.run("search", names[0]!);
  assert.match(stdout, /^ +1 +1\.0000 +sub dir\/日本 😀\/a b\.jpg$/m);
  const { hits } = await space.json<{ hits: Hit[] }>(0, "search", names[0]!, "--top-k", "1");
  const [hit] = hits;
  assert.deepEqual([hit?.source, hit?.path], [pathToFileURL(names[0]!).href, names[0]]);
  assert.ok(hit!.width > 0 && hit!.height > 0 && /^[0-9a-f]{64}$/.test(hit!.content));
});

test("filters take paths as people write them, whole or in part", async () => {
  await using space = await workspace();
  const names = await oddNames(space);
  await space.json(0, "ingest", "sub dir");
  const count = async (filter: string): Promise<number> => (await space.json<{ count: number }>(0, "count", "--filter", filter)).count;
  assert.equal(await count(`startsWith(source, ${JSON.stringify(join(space.folder, "sub d"))})`), 3);
  assert.equal(await count(`startsWith(source, "file://${space.folder}/sub dir/")`), 3);
  assert.equal(await count(`source == ${JSON.stringify(names[1])}`), 1);
  assert.equal(await count(`source in ${JSON.stringify(names.slice(1))}`), 2);
  assert.equal(await count(`startsWith(source, ${JSON.stringify(join(space.folder, "sup"))})`), 0);
});

test("count says how many rows there are, and how many a filter finds", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", ...photos.slice(0, 3), "--collection", "some");
  assert.deepEqual(await space.json(0, "count", "--collection", "some"), { collection: "some", count: 3 });
  assert.deepEqual(await space.json(0, "count", "--collection", "some", "--filter", "width < 0"), { collection: "some", count: 0 });
  assert.equal((await space.run("count", "--collection", "some")).stdout, "3\n");
});

test("a stored id and a vector are searched for as an image is", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", ...photos.slice(0, 5));
  const found = async (...args: readonly string[]): Promise<readonly Hit[]> =>
    (await space.json<{ hits: Hit[] }>(0, "search", ...args, "-k", "3")).hits;
  const byImage = await found(photos[0]!);
  assert.equal(byImage.length, 3);
  assert.deepEqual(await found("--id", byImage[0]!.id), byImage);

  await space.json(0, "embed", photos[0]!, "--output", "x.npy");
  const bytes = (await readFile(join(space.folder, "x.npy"))).subarray(128);
  const vector = Array.from({ length: 1280 }, (_, index) => bytes.readFloatLE(index * 4));
  await writeFile(join(space.folder, "vector.json"), JSON.stringify(vector));
  assert.deepEqual(await found("--vector", "vector.json"), byImage);
  assert.deepEqual(await found("--vector", "x.npy"), byImage);
  const piped = spawn(process.execPath, [space.bin, "search", "--vector", "-", "--topk", "3", "--json"], { cwd: space.folder });
  piped.stdin.end(JSON.stringify(vector));
  assert.deepEqual((JSON.parse((await ended(piped)).stdout) as { hits: Hit[] }).hits, byImage);

  assert.equal((await space.json<{ error: { code: string } }>(2, "search")).error.code, "usage_invalid");
  await writeFile(join(space.folder, "vector.json"), '["a"]');
  await writeFile(join(space.folder, "matrix.npy"), Buffer.concat([npyStart("(2, 640)"), bytes]));
  for (const file of ["vector.json", "matrix.npy", "nowhere.json"]) {
    const { error } = await space.json<{ error: { code: string; item: string } }>(2, "search", "--vector", file);
    assert.deepEqual([error.code, error.item], ["query_invalid", file]);
  }
});

function npyStart(shape: string): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00v\x00", "latin1"), Buffer.from(`${description}\n`, "latin1")]);
}

test("several queries are a weighted sum, of which the heavier one comes first", async () => {
  await using space = await workspace();
  const [one, other] = [photos[0]!, photos[1]!];
  await space.json(0, "ingest", ...photos.slice(0, 8));
  const first = async (...args: readonly string[]): Promise<string> =>
    (await space.json<{ hits: Hit[] }>(0, "search", ...args, "-k", "8")).hits[0]!.path!;
  assert.equal(await first(`${one}^2`, other), one);
  assert.equal(await first(one, `${other}^2`), other);
  assert.equal(await first(`${one}^0.5`), one);
  assert.notEqual(await first(`${one}^-1`, other), one);
  const { error } = await space.json<{ error: { code: string } }>(2, "search", one, `${one}^-1`);
  assert.equal(error.code, "query_invalid");
});

test("words find pictures, and a word that is no label is refused with labels like it", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", ...photos.slice(0, 14));
  const { hits } = await space.json<{ hits: Hit[] }>(0, "search", "--text", "Cats", "-k", "1");
  assert.match(hits[0]!.path!, /chelsea/);
  const { error } = await space.json<{ error: { code: string; hint: string } }>(2, "search", "--text", "esspresso");
  assert.equal(error.code, "word_unknown");
  assert.match(error.hint, /espresso.*headrace labels.*text\.md/);
  const { labels } = await space.json<{ labels: { text: string; synonyms: string[] }[] }>(0, "labels", "espresso");
  assert.deepEqual(labels, [
    { text: "espresso machine", synonyms: ["espresso maker"] },
    { text: "espresso", synonyms: [] },
  ]);
  assert.equal((await space.run("labels")).stdout.split("\n").length, 1001);
});

test("a whole number is searched for and deleted as an id where ids are whole numbers", async () => {
  await using space = await workspace();
  const lines = photos.slice(0, 2).map((input, index) => `${JSON.stringify({ input, id: index + 7 })}\n`);
  await writeFile(join(space.folder, "m.jsonl"), lines.join(""));
  await space.json(0, "collection", "create", "numbered", "--ids", "int64");
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "numbered");
  const { hits } = await space.json<{ hits: Hit[] }>(0, "search", "--id", "8", "--collection", "numbered");
  assert.equal(hits[0]?.id, "8");
  assert.deepEqual(await space.json(0, "delete", "8", "99", "--collection", "numbered", "--yes"), { deleted: 1, unknown: ["99"] });
});

test("deleting says which ids are not stored", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photos[0]!);
  const { stdout } = await space.run("delete", "not-an-id", "--yes");
  assert.match(stdout, /^0 rows deleted from images\.\nNot stored: not-an-id\./);
  assert.match((await space.run("delete", "--filter", "width > 0", "--yes")).stdout, /^1 row deleted from images\.\n$/);
});

test("a page names collection and filter, links to the files, and its path is printed also with --quiet", async () => {
  await using space = await workspace();
  const [name] = await oddNames(space);
  await writeFile(join(space.folder, "m.jsonl"), `${JSON.stringify({ input: name, metadata: { note: "<b>bold</b>" } })}\n`);
  await space.json(0, "ingest", "--manifest", "m.jsonl", "--collection", "odd");
  const flags = ["--collection", "odd", "--filter", "width > 0", "--open"];
  const { stdout, stderr } = await space.run("search", name!, ...flags, "--quiet");
  const path = /^Page: (.*)$/m.exec(stdout)?.[1];
  assert.equal(stderr, "");
  const page = await readFile(path!, "utf8");
  const data = savedData(page);
  assert.ok(data.kind === "search");
  assert.deepEqual([data.collection, data.filter, data.query.label], ["odd", "width > 0", name]);
  assert.equal(data.hits[0]?.link, pathToFileURL(name!).href);
  assert.equal(data.hits[0]?.metadata?.["note"], "<b>bold</b>");
  assert.ok(!page.includes("<b>bold"), "text of a row is no HTML");
  const document = await space.json<{ page: string }>(0, "search", name!, ...flags, "page.html");
  assert.equal(document.page, join(space.folder, "page.html"));
});

test("a picture or a page that cannot be written is no bug to report", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photos[0]!);
  for (const args of [
    ["preprocess", photos[0]!, "--show", "nosuchdir/out.png"],
    ["search", photos[0]!, "--open", "nosuchdir/page.html"],
  ]) {
    const { error } = await space.json<{ error: { code: string; message: string; hint: string } }>(1, ...args);
    assert.equal(error.code, "state_unwritable");
    assert.match(error.message, /nosuchdir.*ENOENT/);
  }
});

test("a quiet run in which all went well prints nothing, any other its summary", async () => {
  await using space = await workspace();
  const well = await space.run("ingest", ...photos.slice(0, 2), "--quiet");
  assert.deepEqual([well.code, well.stdout, well.stderr], [0, "", ""]);
  await writeFile(join(space.folder, "\u001b[31mbad.jpg"), "no image");
  const badly = await space.run("ingest", join(space.folder, "\u001b[31mbad.jpg"), "--quiet");
  assert.equal(badly.code, 3);
  assert.match(badly.stdout, /1 image listed = 0 stored \+ 0 skipped \+ 1 failed/);
  assert.match(badly.stdout, /for example \\x1b\[31mbad\.jpg: /);
  assert.ok(!badly.stdout.includes("\u001b"));
  assert.doesNotMatch(badly.stdout, /too short/);
  const { failures } = await space.json<{ failures: { path: string }[] }>(3, "ingest", join(space.folder, "\u001b[31mbad.jpg"));
  assert.equal(failures[0]?.path, join(space.folder, "\u001b[31mbad.jpg"));
});

test("the list of collections has all that is known of each", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photos[0]!, "--collection", "one");
  const { collections } = await space.json<{ collections: Record<string, unknown>[] }>(0, "collection", "list");
  const [{ passport, ...rest } = {}] = collections;
  const expected = {
    name: "one",
    aliases: [],
    count: 1,
    dimension: 1280,
    metric: "cosine",
    ids: "text",
    index: "none",
    indexedKeys: [],
    indexableKeys: [],
  };
  assert.deepEqual(rest, expected);
  assert.deepEqual(passport, (await space.json<{ passport: object }>(0, "collection", "stats", "one")).passport);
  assert.ok(Object.keys(passport as object).length > 0);
});

test("a hint that names a document gives a path that can be opened", async () => {
  await using space = await workspace();
  const { stderr } = await space.run("count", "--filter", "width =");
  const path = / (\S+filters\.md)/.exec(stderr)?.[1];
  assert.match(await readFile(resolve(space.folder, path!), "utf8"), /^# Filters/);
});

test("a variable that looks like a setting and is none is named, with the setting that may be meant", async () => {
  await using space = await workspace();
  const child = spawn(process.execPath, [space.bin, "config", "--only", "given"], {
    cwd: space.folder,
    env: { PATH: process.env["PATH"], HEADRACE_ASYNC_PIPELINE_INSERT_BATCH_SIZE: "5" },
  });
  assert.match((await ended(child)).stderr, /_INSERT_BATCH_SIZE is no setting, .*"HEADRACE_ASYNC_PIPELINE__INSERT_BATCH_SIZE"/);
});
