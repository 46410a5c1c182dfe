/** `headrace refresh-metadata`: rows from before get what the files of their images say. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { ended, type Workspace, workspace } from "./command.js";

interface Report {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
}

const numbers = (report: Report) => [report.read, report.stored, report.skipped, report.failed];
const count = async (space: Workspace, filter: string) => (await space.json<{ count: number }>(0, "count", "--filter", filter)).count;

async function photo(path: string, colour: string): Promise<void> {
  const image = sharp({ create: { width: 40, height: 30, channels: 3, background: colour } });
  await image.withExif({ IFD0: { Model: `Model ${colour}` }, IFD2: { DateTimeOriginal: "2024:06:01 12:30:45" } }).toFile(path);
}

/** Six photos, one of which has a camera that a person gave, stored without what their files say. */
async function storedBefore(): Promise<Workspace> {
  const space = await workspace();
  await mkdir(join(space.folder, "photos"));
  for (const colour of ["red", "blue", "green", "teal", "pink", "gold"]) await photo(join(space.folder, "photos", `${colour}.jpg`), colour);
  // Versions of files that changed less than two seconds ago are not trusted.
  const { ctimeMs } = await stat(join(space.folder, "photos", "gold.jpg"));
  while (Date.now() - ctimeMs < 2_100) await new Promise(setImmediate);
  await writeFile(join(space.folder, "list.jsonl"), `${JSON.stringify({ input: "photos/red.jpg", metadata: { camera: "mine" } })}\n`);
  const without = ["--set", "metadata.exif=false"];
  await space.json(0, "ingest", "photos", ...without);
  await space.json(0, "ingest", "--manifest", "list.jsonl", ...without);
  return space;
}

test("rows get the metadata of their files once, and keep their vectors, what a person gave and when they were stored", async () => {
  await using space = await storedBefore();
  const rows = async () => {
    const { hits } = await space.json<{ hits: { id: string; score: number }[] }>(0, "search", join("photos", "red.jpg"), "-k", "6");
    return hits.map(({ id, score }) => [id, score]);
  };
  const before = await rows();
  const planned = await space.json<Record<string, unknown>>(0, "refresh-metadata", "images", "--dry-run");
  assert.deepEqual([planned["rows"], planned["changes"], planned["failed"]], [6, 6, 0]);
  assert.equal(await count(space, "exists(taken_at)"), 0);

  assert.deepEqual(numbers(await space.json<Report>(0, "refresh-metadata")), [6, 6, 0, 0]);
  assert.equal(await count(space, 'taken_at == "2024-06-01T12:30:45"'), 6);
  assert.equal(await count(space, 'camera == "mine"'), 1);
  assert.equal(await count(space, 'startsWith(camera, "Model ")'), 5);
  assert.deepEqual(await rows(), before);
  assert.deepEqual(numbers(await space.json<Report>(0, "refresh-metadata")), [6, 0, 6, 0]);
  const synced = await space.json<{ new: number; changed: number }>(0, "sync", "photos");
  assert.deepEqual([synced.new, synced.changed], [0, 0]);
});

test("an image that is away is reported, another image under its name is left to a run, and --filter chooses rows", async () => {
  await using space = await storedBefore();
  await rm(join(space.folder, "photos", "blue.jpg"));
  await copyFile(join(space.folder, "photos", "pink.jpg"), join(space.folder, "photos", "gold.jpg"));
  const one = await space.json<Report>(0, "refresh-metadata", "--collection", "images", "--filter", 'camera == "mine"');
  assert.deepEqual(numbers(one), [1, 1, 0, 0]);
  const report = await space.json<Report & { failures: { code: string; source: string }[] }>(3, "refresh-metadata");
  assert.deepEqual(numbers(report), [6, 3, 2, 1]);
  assert.match(JSON.stringify(report), /source_not_found/);
  assert.equal(await count(space, "exists(taken_at)"), 4);
  assert.equal(await count(space, "exists(source)"), 6);
});

test("nothing is refreshed if the setting says that nothing is read", async () => {
  await using space = await storedBefore();
  const refused = await space.json<{ error: { code: string; hint: string } }>(2, "refresh-metadata", "--set", "metadata.exif=false");
  assert.equal(refused.error.code, "usage_invalid");
  assert.match(refused.error.hint, /metadata\.exif/);
});

test("a refreshing that is stopped in the middle is finished by the same command", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "photos");
  await mkdir(folder);
  await photo(join(folder, "0.jpg"), "red");
  const first = await readFile(join(folder, "0.jpg"));
  // Bytes after the end of a JPEG make it another file with the same picture.
  for (let index = 1; index < 800; index += 1)
    await writeFile(join(folder, `${index}.jpg`), Buffer.concat([first, Buffer.from(String(index))]));
  await space.json(0, "ingest", "photos", "--set", "metadata.exif=false");
  const run = space.start("refresh-metadata", "images");
  const end = ended(run);
  while (run.exitCode === null && (await count(space, "exists(taken_at)")) === 0) await new Promise(setImmediate);
  run.kill("SIGINT");
  await end;
  const before = await count(space, "exists(taken_at)");
  assert.ok(before > 0);
  const report = await space.json<Report>(0, "refresh-metadata");
  assert.deepEqual([report.read, report.stored, report.skipped, report.failed], [800, 800 - before, before, 0]);
  assert.equal(await count(space, "exists(taken_at)"), 800);
});
