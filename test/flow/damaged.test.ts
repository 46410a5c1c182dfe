import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { makeCorpus } from "../support/corpus/corpus.js";
import { workspace } from "./command.js";

const corpusFolder = resolve(".cache", "corpus", "damaged");

test("a hundred good images and twenty damaged ones are a hundred rows and twenty coded failures", async () => {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 5, sizes: "vga" });
  await using space = await workspace();
  const photos = join(space.folder, "photos");
  await mkdir(photos);
  const files = corpus.photos.map(({ file }) => file);
  for (const file of files) await copyFile(join(corpusFolder, file), join(photos, file));
  const bad = files.filter((file) => file.endsWith(".jpg")).slice(0, 20);
  for (const [index, file] of bad.entries())
    await writeFile(join(photos, `bad-${index}.jpg`), await damaged(join(corpusFolder, file), index));

  const report = await space.json<{
    read: number;
    stored: number;
    failed: number;
    failures: { source: string; code: string }[];
    deadLetters: string;
  }>(3, "ingest", "photos");

  assert.deepEqual([report.read, report.stored, report.failed], [120, 100, 20]);
  assert.equal(report.failures.length, 20);
  for (const { source, code } of report.failures) {
    assert.match(source, /bad-\d+\.jpg$/);
    assert.match(code, /^image_(corrupt|unsupported)$/);
  }
  const letters = (await readFile(join(space.folder, report.deadLetters), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(letters.length, 20);
  const fields = ["attempts", "code", "failures", "first", "id", "message", "root", "source", "time"];
  for (const letter of letters) assert.deepEqual(Object.keys(letter).sort(), fields);
  const { count } = await space.json<{ count: number }>(0, "collection", "stats", "images");
  assert.equal(count, 100);

  await copyFile(join(corpusFolder, bad[0] ?? ""), join(photos, "bad-0.jpg"));
  const again = await space.json<{ stored: number; failed: number; skipped: number; deadLetters: string }>(3, "ingest", "photos");
  assert.equal(again.failed, 19);
  const left = (await readFile(join(space.folder, again.deadLetters), "utf8")).trim().split("\n");
  assert.equal(left.length, 19);
  assert.ok(!left.some((line) => line.includes("bad-0.jpg")), "a later success removes the entry");
});

/** Cut off, overwritten in the middle, empty, or not an image at all. */
async function damaged(path: string, index: number): Promise<Uint8Array> {
  const bytes = await readFile(path);
  if (index % 4 === 0) return bytes.subarray(0, Math.floor(bytes.length / 2));
  if (index % 4 === 1) return bytes.fill(0, 200, Math.floor(bytes.length * 0.8));
  return index % 4 === 2 ? new Uint8Array() : Buffer.from("this is not an image, whatever its name says\n".repeat(40));
}
