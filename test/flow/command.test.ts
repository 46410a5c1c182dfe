import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { ended, workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "flow");

/** Few images in flight, so that an interruption finds some that were not read. */
/** So many that an interruption comes before the last one. */
const largeCount = 300;
const narrow = ["--set", "async_pipeline.queue_maxsize=4", "--set", "async_pipeline.insert_batch_size=10"];

interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

for (const [sentence, args, code, exitCode] of [
  ["an unknown command", ["frobnicate"], null, 2],
  ["an unknown flag", ["ingest", "x", "--frobnicate"], null, 2],
  ["no inputs", ["ingest"], "usage_invalid", 2],
  ["inputs that do not exist", ["ingest", "not-there"], "source_failed", 1],
  ["a collection that does not exist", ["collection", "stats", "nothing"], "collection_not_found", 1],
  ["a search in a collection that does not exist", ["search", join(corpusFolder, "brick-0000.jpg")], "collection_not_found", 1],
  ["a configuration file that does not exist", ["health", "--config", "none.yaml"], "config_not_found", 2],
  ["an unknown setting", ["health", "--set", "milvus.hots=x"], "config_invalid", 2],
  ["a bad value", ["health", "--set", "preprocess.batch_size=many"], "config_invalid", 2],
  ["a broken assignment", ["health", "--set", "nonsense"], "usage_invalid", 2],
  ["a name that no store accepts", ["collection", "create", "../escape"], "name_invalid", 2],
  ["a delete without ids or filter", ["delete"], "usage_invalid", 2],
  ["a base without a name", ["ingest", "x", "--base", "."], "usage_invalid", 2],
] as const) {
  test(`${sentence} ends with exit code ${exitCode} and says what to do`, async () => {
    await using space = await workspace();
    const { code: ended, stdout, stderr } = await space.run(...args, "--json");
    assert.equal(ended, exitCode, `${stdout}${stderr}`);
    if (code === null) return assert.match(stderr, /unknown|help/);
    const { error } = JSON.parse(stdout) as ErrorDocument;
    assert.equal(error.code, code);
    assert.ok(error.message.length > 10 && error.hint.length > 5);
  });
}

test("the first Ctrl-C drains, says how to go on, and the same command completes the rest", async () => {
  await makeCorpus({ folder: resolve(".cache", "corpus", "flow-300"), count: largeCount, seed: 12, sizes: "vga" });
  await using space = await workspace();
  const child = space.start("ingest", resolve(".cache", "corpus", "flow-300"), ...narrow);
  const result = ended(child);
  await space.rowsAppear();
  child.kill("SIGINT");
  const { code, stdout, stderr } = await result;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Stopping/);
  assert.match(stdout, /run the same command again/);
  const { count } = await space.json<{ count: number }>(0, "collection", "stats", "images");
  assert.ok(count > 0 && count < largeCount, `${count} rows after the interruption`);

  const rest = await space.json<{ skipped: number; stored: number; reused: number }>(0, "ingest", resolve(".cache", "corpus", "flow-300"));

  assert.equal(rest.stored + rest.skipped, largeCount);
  // Photos that were made less than two seconds before they were listed are read again, and their vectors reused.
  assert.equal(rest.skipped + rest.reused, count, "what was stored is embedded again by none");
});

test("the second Ctrl-C stops at once and leaves a collection that works", async () => {
  await makeCorpus({ folder: resolve(".cache", "corpus", "flow-300"), count: largeCount, seed: 12, sizes: "vga" });
  await using space = await workspace();
  const child = space.start("ingest", resolve(".cache", "corpus", "flow-300"), ...narrow);
  const result = ended(child);
  await space.rowsAppear();
  child.kill("SIGINT");
  const [first] = await once(child.stderr ?? child, "data");
  assert.match(String(first), /Stopping/);
  child.kill("SIGINT");
  const { code } = await result;
  assert.equal(code, 130);
  const rest = await space.json<{ skipped: number; stored: number }>(0, "ingest", resolve(".cache", "corpus", "flow-300"));
  assert.equal(rest.stored + rest.skipped, largeCount);
});

test("vectors written for numpy stand in the order of the inputs, without those that failed", async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const good = corpus.photos.slice(0, 9).map(({ file }) => join(corpusFolder, file));
  const bad = join(space.folder, "bad.jpg");
  await writeFile(bad, "no image");
  const inputs = [...good.slice(0, 4), bad, ...good.slice(4)];

  const document = await space.json(3, "embed", ...inputs, "--output", "x.npy");

  assert.deepEqual(document, { count: 9, dimension: 1280, output: "x.npy", failed: 1 });
  const file = await readFile(join(space.folder, "x.npy"));
  assert.equal(file.toString("latin1", 0, 8), "\x93NUMPY\x01\x00");
  assert.match(file.toString("latin1", 10, 128), /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(9, 1280\), \} *\n$/);
  assert.equal(file.byteLength, 128 + 9 * 1280 * 4);
  const lines = (await readFile(join(space.folder, "x.npy.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ source }) => source),
    good.map((path) => `file://${path}`),
  );
});

test("common flags may stand before the command, and what stands nearer to it wins", async () => {
  await using space = await workspace();
  const { code, stdout, stderr } = await space.run("--json", "collection", "--quiet", "list");
  assert.deepEqual([code, stdout, stderr], [0, '{"collections":[]}\n', ""]);

  const set = await space.run("--set", "preprocess.batch_size=8", "config", "--only", "given", "--set", "preprocess.num_workers=2");
  assert.match(set.stdout, /batch_size: 8[\s\S]*num_workers: 2/);
  const nearer = await space.run("--config", "far.yaml", "config", "--config", "near.yaml", "--json");
  assert.match(nearer.stdout, /near\.yaml/);
  assert.doesNotMatch(nearer.stdout, /far\.yaml/);

  const refused = await space.run("--config", "x.yaml", "init");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--config/);
});

test("deleting asks first, counts what it deletes, and leaves the rest", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  await space.json(0, "ingest", corpusFolder, "--limit", "10");
  await space.json(2, "delete", "--filter", "width > 0");
  assert.deepEqual(await space.json(0, "delete", "--filter", "width > 0", "--dry-run"), { deleted: 0, wouldDelete: 10 });
  const { hits } = await space.json<{ hits: { id: string }[] }>(0, "search", join(corpusFolder, "brick-0000.jpg"), "--topk", "3");
  assert.deepEqual(await space.json(0, "delete", ...hits.map(({ id }) => id), "not-an-id", "--yes"), {
    deleted: 3,
    unknown: ["not-an-id"],
  });
  assert.deepEqual(await space.json(0, "delete", "--filter", "width > 0", "--yes"), { deleted: 7 });
  assert.equal((await space.json<{ count: number }>(0, "collection", "stats", "images")).count, 0);
});

test("health names both parts and what answered", async () => {
  await using space = await workspace();
  const health = await space.json<{ ok: boolean; parts: { name: string; kind: string; ok: boolean; detail: string }[] }>(0, "health");
  assert.equal(health.ok, true);
  assert.deepEqual(
    health.parts.map(({ name, kind, ok }) => [name, kind, ok]),
    [
      ["embedder", "onnx", true],
      ["store", "lancedb", true],
    ],
  );
  const broken = await space.json<{ ok: boolean; parts: { ok: boolean }[] }>(1, "health", "--set", "embedder.model=none.onnx");
  assert.deepEqual(
    broken.parts.map(({ ok }) => ok),
    [false, true],
  );
});
