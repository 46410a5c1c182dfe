/** `headrace retry` and `retryFailures`: images that failed are tried again. */
import assert from "node:assert/strict";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { HeadraceError, type ImageRef, type Reader } from "../../src/contracts/index.js";
import { ended, workspace } from "./command.js";

interface RetryDocument {
  readonly tried: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly notTried: number;
  readonly deadLetters: string | null;
  readonly failures: readonly { readonly source: string; readonly code: string }[];
}

const golden = resolve("test", "fidelity", "golden");
const letterFile = join("headrace-data", "dead-letters", "images.jsonl");

test("a retry stores what is mended, counts what fails again, and leaves the other codes alone", async () => {
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  for (const name of ["a", "b", "c"]) await writeFile(join(photos, `${name}.jpg`), "not an image");
  await writeFile(join(photos, "empty.jpg"), "");
  await space.json(3, "ingest", "photos");

  const dry = await space.json<Record<string, unknown>>(0, "retry", "images", "--dry-run");
  assert.deepEqual(dry, {
    dryRun: true,
    collection: "images",
    wouldTry: 4,
    wouldList: 0,
    codes: { image_unsupported: 3, image_corrupt: 1 },
    notTried: 0,
  });

  await copyFile(join(golden, "coffee.jpg"), join(photos, "a.jpg"));
  await rm(join(photos, "b.jpg"));
  const first = await space.json<RetryDocument>(3, "retry", "--code", "image_unsupported");
  assert.deepEqual([first.tried, first.stored, first.failed, first.notTried], [3, 1, 2, 0]);
  assert.deepEqual(first.failures.map(({ code }) => code).sort(), ["image_unsupported", "source_not_found"]);
  const letters = await lettersIn(space.folder);
  assert.deepEqual(
    letters.map(({ source, code, failures }) => [source.slice(-5), code, failures]).sort(),
    [
      ["b.jpg", "source_not_found", 2],
      ["c.jpg", "image_unsupported", 2],
      ["y.jpg", "image_corrupt", 1],
    ].sort(),
  );
  for (const [from, to] of [
    ["rocket.jpg", "b.jpg"],
    ["retina.jpg", "c.jpg"],
    ["hubble.jpg", "empty.jpg"],
  ] as const)
    await copyFile(join(golden, from), join(photos, to));
  const last = await space.json<RetryDocument>(0, "retry");
  assert.deepEqual([last.tried, last.stored, last.failed, last.deadLetters], [3, 3, 0, null]);
  const nothing = await space.json<RetryDocument>(0, "retry");
  assert.deepEqual([nothing.tried, nothing.stored, nothing.failed], [0, 0, 0]);
});

test("a retry keeps the id, the metadata, the name and the root that the image had", async () => {
  await using space = await workspace();
  const { folder } = space;
  await mkdir(join(folder, "photos"));
  await writeFile(join(folder, "photos", "a.jpg"), "x");
  await writeFile(join(folder, "photos", "b.jpg"), "x");
  await writeFile(
    join(folder, "list.jsonl"),
    `${JSON.stringify({ input: "photos/a.jpg", id: 7, metadata: { year: 2020 } })}\nnot a line\n`,
  );
  await space.json(3, "ingest", "--manifest", "list.jsonl", "--collection", "numbered");
  await space.json(3, "ingest", "photos/b.jpg", "--base", "photos", "--as", "mine");
  for (const name of ["a", "b"]) await copyFile(join(golden, "coffee.jpg"), join(folder, "photos", `${name}.jpg`));

  const numbered = await space.json<RetryDocument>(0, "retry", "numbered");
  assert.deepEqual([numbered.tried, numbered.stored, numbered.notTried], [1, 1, 1]);
  const named = await space.json<RetryDocument>(0, "retry");
  assert.deepEqual([named.tried, named.stored], [1, 1]);

  const search = (...args: readonly string[]) =>
    space.json<{ hits: { id: string; source: string; metadata: object }[] }>(0, "search", ...args);
  const { hits } = await search("--id", "7", "--collection", "numbered");
  assert.deepEqual([hits[0]?.id, hits[0]?.metadata], ["7", { year: 2020 }]);
  assert.equal((await search("photos/b.jpg")).hits[0]?.source, "mine:b.jpg");
  // The same command finds the same rows: it adds none.
  await space.json(3, "ingest", "--manifest", "list.jsonl", "--collection", "numbered");
  await space.json(0, "ingest", "photos/b.jpg", "--base", "photos", "--as", "mine");
  for (const name of ["numbered", "images"]) assert.equal((await space.json<{ count: number }>(0, "count", "--collection", name)).count, 1);
});

test("two retries at once store each image once and lose no entry", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "photos"));
  for (let at = 0; at < 40; at += 1) await writeFile(join(space.folder, "photos", `${at}.jpg`), "x");
  await space.json(3, "ingest", "photos");
  for (let at = 0; at < 30; at += 1) await copyFile(join(golden, "retina.jpg"), join(space.folder, "photos", `${at}.jpg`));

  const both = await Promise.all([space.run("retry", "--json"), space.run("retry", "--json")]);

  // LanceDB has one writer: the second process waits for it, or is told that it is there.
  for (const { code, stdout } of both) assert.ok(code === 3 || (code === 1 && stdout.includes("lock_held")), `${code}: ${stdout}`);
  assert.ok(both.some(({ code }) => code === 3));
  assert.equal((await space.json<{ count: number }>(0, "count")).count, 30);
  assert.equal((await lettersIn(space.folder)).length, 10);
});

test("ten thousand entries are tried in bounded memory", async () => {
  await using space = await workspace();
  await space.json(0, "ingest", join(golden, "coffee.jpg"));
  await mkdir(join(space.folder, "headrace-data", "dead-letters"));
  const message = "x".repeat(3_000);
  for (let at = 0; at < 10_000; at += 500) {
    const lines = Array.from({ length: 500 }, (_, index) => {
      const source = `file:///gone/${at + index}.jpg`;
      return `${JSON.stringify({ source, code: "source_not_found", message, attempts: 1, time: "2026-01-01T00:00:00.000Z" })}\n`;
    });
    await appendFile(join(space.folder, letterFile), lines.join(""));
  }
  const few = await space.json<RetryDocument & { peakRssBytes: number }>(3, "retry", "--limit", "100");
  const all = await space.json<RetryDocument & { peakRssBytes: number }>(3, "retry");
  assert.deepEqual([few.tried, all.tried, all.failed, all.failures.length], [100, 10_000, 10_000, 1_000]);
  const grownMb = (all.peakRssBytes - few.peakRssBytes) / 2 ** 20;
  assert.ok(grownMb < 60, `grew by ${grownMb} MB`);
});

test("a run ends early when more images fail than --max-failures allows, and its failures are in the file", async () => {
  await using space = await workspace();
  await mkdir(join(space.folder, "photos"));
  for (let at = 0; at < 500; at += 1) await writeFile(join(space.folder, "photos", `${at}.jpg`), "x");
  for (const limit of ["20", "10%"]) {
    const report = await space.json<{ error: { code: string }; ended: string; read: number; failed: number; abandoned: number }>(
      1,
      "ingest",
      "photos",
      "--max-failures",
      limit,
    );
    assert.deepEqual([report.error.code, report.ended], ["too_many_failures", "failed"]);
    assert.ok(report.failed > 20 && report.read < 500, `${report.failed} of ${report.read} failed`);
    assert.equal(report.read, report.failed + report.abandoned);
    const letters = await lettersIn(space.folder);
    assert.ok(letters.length >= report.failed);
  }
  assert.equal((await space.run("retry", "--max-failures", "3")).code, 1);
});

test("wrong arguments of a retry are refused, and so is a collection that nobody knows", async () => {
  await using space = await workspace();
  const missing = await space.json<{ error: { code: string } }>(1, "retry", "nowhere");
  assert.equal(missing.error.code, "collection_not_found");
  for (const args of [
    ["--code", "image_broken"],
    ["--limit", "0"],
    ["--max-failures", "many"],
    ["--max-failures", "101%"],
  ]) {
    const { code, stderr } = await ended(space.start("retry", ...args));
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /It must be/);
  }
});

test("images of a program's own reader are tried again, and bytes are counted as not tried", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-retry-"));
  try {
    let isThere = false;
    const shelf: Reader = {
      name: "shelf",
      schemes: ["shelf"],
      read: async ({ location }: ImageRef) => {
        if (!isThere) throw new HeadraceError("source_unreadable", `${location}: planted`, { retryable: false });
        return { bytes: Uint8Array.of(1, 2, Number(location.at(-1))), version: null };
      },
    };
    const isBad = memoryDecoder();
    await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store: memoryStore(), decoder: isBad, embedder: memoryEmbedder(), readers: [shelf] },
    });
    const listed = { uri: "box:9", location: "shelf:9", scheme: "shelf", root: "box", version: null, sizeBytes: null, metadata: null };
    const inputs = ["shelf:1", { input: "shelf:2", metadata: { shelf: 2 } }, { input: listed }, new Uint8Array()];
    const { failures } = await pipeline.insertImages({ inputs });
    assert.deepEqual(
      failures.map(({ code }) => code),
      ["source_unreadable", "source_unreadable", "source_unreadable", "image_corrupt"],
    );
    isThere = true;
    const runs = await Promise.all([pipeline.retryFailures(), pipeline.retryFailures()]);
    for (const run of runs) {
      const { tried, stored, skipped, failed, notTried } = await run.done;
      assert.deepEqual([tried, stored + skipped, failed, notTried], [3, 3, 0, 1]);
    }
    assert.equal(await pipeline.count("images"), 3);
    assert.equal(await pipeline.count("images", "shelf == 2"), 1);
    assert.equal(await pipeline.count("images", 'source == "box:9" and root == "box"'), 1);
    assert.deepEqual(await pipeline.previewRetry(), { wouldTry: 0, wouldList: 0, codes: {}, notTried: 1 });
    await assert.rejects(pipeline.retryFailures({ code: "x" } as never), { code: "usage_invalid" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function lettersIn(folder: string): Promise<readonly { source: string; code: string; failures: number }[]> {
  const text = await readFile(join(folder, letterFile), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("verbs that take the collection as an argument take it with --collection as well, and refuse two names", async () => {
  await using space = await workspace();
  await copyFile(join(golden, "chelsea.jpg"), join(space.folder, "a.jpg"));
  await space.json(0, "ingest", "a.jpg", "--collection", "cats");
  for (const place of [["cats"], ["--collection", "cats"], ["cats", "--collection", "cats"]]) {
    assert.equal((await space.json<Record<string, unknown>>(0, "retry", ...place, "--dry-run"))["collection"], "cats");
    await space.json(0, "dedupe", ...place);
    await space.json(0, "restore", ...place);
    await space.json(0, "export", ...place, "--output", "cats.parquet");
    await space.json(0, "import", "cats.parquet", ...place, "--dry-run");
  }
  const latest = await space.json<{ error: { code: string; message: string } }>(2, "restore", "latest", "--collection", "cats");
  assert.match(latest.error.message, /cats/);
  const both = await space.json<{ error: { code: string; hint: string } }>(2, "retry", "dogs", "--collection", "cats");
  assert.equal(both.error.code, "usage_invalid");
  const none = await space.json<{ error: { code: string; hint: string } }>(2, "export", "--output", "cats.parquet");
  assert.match(none.error.hint, /--collection/);
});
