/** What the command says to people: once, on lines of their own, and nothing that cannot help. */
import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";

interface ErrorDocument {
  readonly error: { readonly code: string; readonly hint: string };
}

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");

test("a glob that matches nothing is an error, an empty folder is not", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "empty"));
  const glob = await space.run("ingest", "empty/**/*.gif");
  assert.equal(glob.code, 1);
  assert.match(
    glob.stderr,
    /\[source_failed\] inputs: expected at least one existing file or folder, found none for empty\/\*\*\/\*\.gif\n/,
  );
  assert.equal((await space.run("ingest", "empty")).code, 0);
});

test("the summary says what the dead-letter file holds, and no speed where nothing was embedded", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "good"));
  await copyFile(photo, join(space.folder, "good", "a.jpg"));
  await writeFile(join(space.folder, "bad.jpg"), "no image");

  const first = await space.run("ingest", "good", "bad.jpg");
  assert.equal(first.code, 3);
  assert.match(first.stdout, /^Done: 2 images listed = 1 stored \+ 0 skipped \+ 1 failed, .*images\/s/);
  assert.match(first.stdout, /^ {2}all failures: \S+images\.jsonl$/m);
  assert.match(first.stdout, /^ {2}image_unsupported: 1, for example .*\n {4}Convert it to /m);

  const second = await space.run("ingest", "good");
  assert.equal(second.code, 0);
  assert.match(second.stdout, /^ {2}1 failed in earlier runs: \S+images\.jsonl$/m);
  assert.doesNotMatch(second.stdout, /images\/s|all failures/);

  const both = await space.run("ingest", "good", "bad.jpg", "gone.jpg");
  assert.match(both.stdout, /^ {2}all failures: \S+images\.jsonl$/m);
  const { failedEarlier } = await space.json<{ failedEarlier: number }>(3, "ingest", "bad.jpg");
  assert.equal(failedEarlier, 1);
});

test("health gives its advice on a line of its own", async () => {
  await using space = await workspace();
  const { code, stdout } = await space.run("health", "--set", "embedder.model=none.onnx");
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^FAIL {2}embedder \(onnx\): \[model_invalid\] .*found none\n {6}Set `embedder\.model` to the path of an ONNX file/m,
  );
  const { parts } = await space.json<{ parts: { detail: string; hint: string | null }[] }>(
    1,
    "health",
    "--set",
    "embedder.model=none.onnx",
  );
  assert.deepEqual(
    parts.map(({ hint }) => hint !== null),
    [true, false],
  );
});

test("a query that is a folder, and too few hits, each have advice of their own", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "photos"));
  await space.json(0, "ingest", photo);
  const folder = await space.json<ErrorDocument>(1, "search", "photos");
  assert.deepEqual([folder.error.code, folder.error.hint], ["source_not_file", "One image is asked for: name a file."]);
  const { ImageEmbeddingPipeline, ServiceConfig } = await import("headrace");
  const config = new ServiceConfig();
  config.lancedb.path = join(space.folder, "headrace-data");
  await using pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy" });
  await assert.rejects(pipeline.searchImages(photo, { collectionName: "images", topK: 0 }), {
    code: "query_invalid",
    hint: "Ask for 1 to 1000 hits.",
  });
  const { failures } = await pipeline.insertImagesAsync({ inputs: [join(space.folder, "photos")], collectionName: "images" });
  assert.match(failures[0]?.hint ?? "", /listImages/);
});

test("a value of another type than its column says which types, and the way out", async () => {
  await using space = await workspace();
  await copyFile(photo, join(space.folder, "a.jpg"));
  await writeFile(join(space.folder, "first.jsonl"), '{"input":"a.jpg","id":"1","metadata":{"year":2024}}\n');
  await writeFile(join(space.folder, "second.jsonl"), '{"input":"a.jpg","id":"2","metadata":{"year":"2024"}}\n');
  await space.json(0, "ingest", "--manifest", "first.jsonl");
  const { code, stdout } = await space.run("ingest", "--manifest", "second.jsonl");
  assert.equal(code, 3);
  assert.match(
    stdout,
    /metadata_type: 1, .*metadata year: expected number, found text\n {4}The first row with "year" set the type of its column to number\./,
  );
});

test("with --json a wrong flag or command is one document too", async () => {
  await using space = await workspace();
  for (const args of [["search", "a.jpg", "-k", "0"], ["search", "a.jpg", "--bad"], ["nonsense"]]) {
    const { error } = await space.json<ErrorDocument>(2, ...args);
    assert.equal(error.code, "usage_invalid", args.join(" "));
  }
});

test("a store that is no folder is named as such, without a stack", async () => {
  await using space = await workspace();
  await writeFile(join(space.folder, "afile"), "text");
  for (const args of [["count"], ["ingest", photo]]) {
    const { error } = await space.json<ErrorDocument>(1, ...args, "--set", "lancedb.path=afile");
    assert.deepEqual(
      [error.code, error.hint],
      ["store_unavailable", "Check `lancedb.path`: it must be a folder, and its files must be there."],
    );
  }
});

test("a count that finds nothing names the keys of its filter that no row has", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", photo);
  const { stdout, stderr } = await space.run("count", "--filter", "yeer == 2020");
  assert.deepEqual([stdout, stderr], ["0\n", 'No row has "yeer".\n']);
});

test("a bad line is named once", async () => {
  await using space = await workspace();
  await writeFile(join(space.folder, "m.jsonl"), "no json\n");
  const { code, stdout } = await space.run("ingest", "--manifest", "m.jsonl");
  assert.equal(code, 3);
  assert.match(stdout, /for example m\.jsonl:1: expected JSON/);
});
