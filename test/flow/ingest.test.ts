import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { workspace } from "./command.js";
import { savedData } from "./saved-data.js";
import { untilSettled } from "./settled.js";

interface IngestDocument {
  readonly ended: string;
  readonly read: number;
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly failures: readonly { readonly source: string; readonly code: string; readonly message: string }[];
  readonly deadLetters: string | null;
  readonly stages: readonly {
    readonly name: string;
    readonly items: number;
    readonly busyShare: number;
    readonly starvedShare: number;
    readonly blockedShare: number;
    readonly waitingShare: number;
  }[];
  readonly peakRssBytes: number;
  readonly verdict: string;
}

interface SearchDocument {
  readonly hits: readonly {
    readonly id: string;
    readonly score: number;
    readonly source: string;
    readonly metadata: Record<string, unknown>;
  }[];
}

const corpusFolder = resolve(".cache", "corpus", "flow");

test("a folder of photos becomes a collection, and a stored photo is its own nearest hit", async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();

  const report = await space.json<IngestDocument>(0, "ingest", corpusFolder, "--collection", "photos");

  assert.equal(report.ended, "completed");
  assert.deepEqual([report.read, report.stored, report.skipped, report.failed, report.abandoned], [60, 60, 0, 0, 0]);
  assert.equal(report.deadLetters, null);
  const first = corpus.photos[0]!.file;
  for (const { busyShare, starvedShare, blockedShare, waitingShare, name } of report.stages) {
    assert.ok(Math.abs(busyShare + starvedShare + blockedShare + waitingShare - 1) < 0.02, `the shares of ${name} add up to 1`);
  }
  for (const { file } of corpus.photos.slice(0, 5)) {
    const { hits } = await space.json<SearchDocument>(0, "search", join(corpusFolder, file), "--collection", "photos", "--topk", "3");
    assert.equal(hits.length, 3);
    assert.ok(hits[0]?.source.endsWith(file), `${file} is found first, not ${hits[0]?.source}`);
    assert.ok((hits[0]?.score ?? 0) > 0.999);
    assert.ok((hits[1]?.score ?? 2) <= (hits[0]?.score ?? 0));
  }
  const near = await space.json<SearchDocument>(0, "search", join(corpusFolder, first), "--collection", "photos", "--min-score", "0.999");
  assert.ok(near.hits.length > 0 && near.hits.every(({ score }) => score >= 0.999));
  const { code } = await space.run("search", join(corpusFolder, first), "--collection", "photos", "--min-score", "near");
  assert.equal(code, 2, "a score is a number");
});

test("a second run finds everything stored, reads nothing and opens no model", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  await space.json(0, "ingest", corpusFolder, "--collection", "photos");

  const again = await space.json<IngestDocument>(
    0,
    "ingest",
    corpusFolder,
    "--collection",
    "photos",
    "--set",
    "embedder.model=/not/there.onnx",
  );

  assert.deepEqual([again.read, again.stored, again.skipped, again.failed], [60, 0, 60, 0]);
  assert.equal(again.verdict, "Everything was stored already.");
});

test("both schedules store the same rows", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const async = await space.json<IngestDocument>(0, "ingest", corpusFolder, "--collection", "a", "--pipeline", "async");
  const sync = await space.json<IngestDocument>(0, "ingest", corpusFolder, "--collection", "b", "--pipeline", "sync");
  assert.deepEqual([async.stored, sync.stored], [60, 60]);
  const stats = await space.json<{ collections: { name: string; count: number }[] }>(0, "collection", "list");
  assert.deepEqual(
    stats.collections.map(({ name, count }) => [name, count]),
    [
      ["a", 60],
      ["b", 60],
    ],
  );
});

test("a renamed folder and a touched file cost no inference, a changed label one metadata write", async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  const files = corpus.photos.slice(0, 12).map(({ file }) => file);
  for (const file of files) {
    await copyFile(join(corpusFolder, file), join(photos, file));
    await utimes(join(photos, file), new Date(2020, 1, 1), new Date(2020, 1, 1));
  }
  await untilSettled(join(photos, files.at(-1) ?? ""));
  const manifest = (label: string): string =>
    files.map((file, index) => JSON.stringify({ input: join(photos, file), metadata: { label: index === 3 ? label : "same" } })).join("\n");
  await writeFile(join(space.folder, "list.jsonl"), manifest("old"));
  const first = await space.json<IngestDocument>(0, "ingest", "--manifest", "list.jsonl");
  assert.equal(first.stored, 12);

  await writeFile(join(space.folder, "list.jsonl"), manifest("new"));
  const relabelled = await space.json<IngestDocument>(0, "ingest", "--manifest", "list.jsonl");
  assert.deepEqual([relabelled.stored, relabelled.reused, relabelled.skipped], [1, 1, 11]);
  const { hits } = await space.json<SearchDocument>(0, "search", join(photos, files[3] ?? ""), "--filter", 'label == "new"');
  assert.equal(hits.length, 1);
  assert.ok((hits[0]?.score ?? 0) > 0.999);

  await rename(photos, join(space.folder, "moved"));
  const moved = await space.json<IngestDocument>(0, "ingest", "moved", "--set", "embedder.model=/not/there.onnx");
  assert.deepEqual([moved.stored, moved.reused], [12, 12]);
  assert.equal(moved.stages.find(({ name }) => name === "embed")?.items ?? 0, 0);
});

test("files named by a label and their path survive another mount", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const here = join(space.folder, "here");
  await mkdir(here);
  const [first = ""] = (await readdir(corpusFolder)).filter((name) => name.endsWith(".jpg"));
  await copyFile(join(corpusFolder, first), join(here, first));
  await untilSettled(join(here, first));
  await space.json(0, "ingest", here, "--base", here, "--as", "photos");
  await rename(here, join(space.folder, "there"));

  const again = await space.json<IngestDocument>(0, "ingest", "there", "--base", "there", "--as", "photos");

  assert.deepEqual([again.read, again.stored + again.skipped], [1, 1]);
  const { count } = await space.json<{ count: number }>(0, "collection", "stats", "images");
  assert.equal(count, 1);
  const { hits } = await space.json<SearchDocument>(0, "search", join(corpusFolder, first));
  assert.equal(hits[0]?.source, `photos:${first}`);
});

test("a dry run counts and writes nothing", async () => {
  await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  const before = await space.json(0, "ingest", corpusFolder, "--dry-run");
  assert.deepEqual(before, {
    dryRun: true,
    collection: "images",
    listed: 60,
    known: 0,
    fresh: 60,
    skipped: 0,
    failed: 0,
    leftOut: { ".json": 2 },
    leftOutColumns: [],
  });
  await space.json(0, "ingest", corpusFolder, "--limit", "20");
  const after = await space.json(0, "ingest", corpusFolder, "--dry-run");
  assert.deepEqual(after, {
    dryRun: true,
    collection: "images",
    listed: 60,
    known: 20,
    fresh: 40,
    skipped: 0,
    failed: 0,
    leftOut: { ".json": 2 },
    leftOutColumns: [],
  });
});

test("a page with the pictures is one file that names the hits", async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 60, seed: 11, sizes: "vga" });
  await using space = await workspace();
  await space.json(0, "ingest", corpusFolder, "--limit", "10");
  const query = join(corpusFolder, corpus.photos[0]?.file ?? "");
  const { code } = await space.run("search", query, "--topk", "4", "--open", "page.html");
  assert.equal(code, 0);
  const page = await readFile(join(space.folder, "page.html"), "utf8");
  const data = savedData(page);
  assert.ok(data.kind === "search" && data.query.picture !== null);
  assert.deepEqual(
    data.hits.map(({ picture }) =>
      Buffer.from(picture ?? "", "base64")
        .subarray(0, 2)
        .toString("hex"),
    ),
    ["ffd8", "ffd8", "ffd8", "ffd8"],
  );
  assert.ok(!/(src|href)="?[./a-z]/.test(page.replace(/<script.*<\/script>/s, "")), "the page needs nothing from outside");
});
