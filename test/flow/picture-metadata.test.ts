/** Rows get the metadata that the files of their images contain. */
import assert from "node:assert/strict";
import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import type { Metadata } from "../../src/index.js";
import { workspace } from "./command.js";

interface Report {
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
}

interface Photo {
  readonly colour: string;
  readonly takenAt?: string;
  readonly make?: string;
}

const place = { GPSLatitude: "46/1 12/1 0/1", GPSLatitudeRef: "S", GPSLongitude: "6/1 6/1 0/1", GPSLongitudeRef: "W" };
const metadata = { taken_at: "2024-06-01T12:30:45+02:00", latitude: -46.2, longitude: -6.1, camera: "Canon EOS R5" };

async function photo(path: string, { colour, takenAt = "2024:06:01 12:30:45", make = "Canon" }: Photo): Promise<void> {
  const image = sharp({ create: { width: 60, height: 40, channels: 3, background: colour } });
  const exif = {
    IFD0: { Make: make, Model: "Canon EOS R5" },
    IFD2: { DateTimeOriginal: takenAt, OffsetTimeOriginal: "+02:00" },
    IFD3: place,
  };
  await image.withExif(exif).toFile(path);
}

/** A file that changed less than two seconds ago has no version, and is read again by each run. */
async function untilItHasAVersion(path: string): Promise<void> {
  const { ctimeMs } = await stat(path);
  while (Date.now() - ctimeMs < 2_100) await new Promise((fulfil) => setTimeout(fulfil, 100));
}

async function photosSpace() {
  const space = await workspace();
  await mkdir(join(space.folder, "photos"));
  return space;
}

test("a photo's moment, place and camera are in its row, wherever it is decoded, and a second run stores nothing", async () => {
  await using space = await photosSpace();
  const { folder } = space;
  const count = async (filter: string) => (await space.json<{ count: number }>(0, "count", "--filter", filter)).count;
  for (let index = 0; index < 12; index += 1) {
    await photo(join(folder, "photos", `${index}.${["jpg", "png", "webp", "avif"][index % 4]}`), { colour: `#${index + 100}` });
  }
  await untilItHasAVersion(join(folder, "photos", "11.avif"));
  assert.equal((await space.json<Report>(0, "ingest", "photos")).stored, 12);
  assert.equal(await count('taken_at == "2024-06-01T12:30:45+02:00" and latitude < -46.1 and camera == "Canon EOS R5"'), 12);
  assert.equal(await count('taken_at >= "2024-06" and taken_at < "2024-07"'), 12);
  const again = await space.json<Report>(0, "ingest", "photos");
  assert.deepEqual([again.stored, again.skipped], [0, 12]);
  const synced = await space.json<{ report: Report } & Report>(0, "sync", "photos");
  assert.doesNotMatch(JSON.stringify(synced), /"stored":[1-9]/);

  // A copy has the same vector, which is not computed again, and the same metadata. A copy in the decode workers too.
  await copyFile(join(folder, "photos", "0.jpg"), join(folder, "photos", "copy.jpg"));
  const copied = await space.json<Report>(0, "ingest", "photos");
  assert.deepEqual([copied.stored, copied.reused], [1, 1]);
  assert.equal(await count("exists(taken_at)"), 13);
});

test("what a person gives wins over the file, and is told from it when the image or the list changes", async () => {
  await using space = await photosSpace();
  const { folder } = space;
  const rowOf = async (): Promise<Metadata> =>
    (await space.json<{ hits: { metadata: Metadata }[] }>(0, "search", join(folder, "photos", "a.jpg"), "-k", "1")).hits[0]!.metadata;
  const list = async (given: object) => {
    await writeFile(join(folder, "list.jsonl"), `${JSON.stringify({ input: "photos/a.jpg", metadata: given })}\n`);
    return space.json<Report>(0, "ingest", "--manifest", "list.jsonl");
  };
  await photo(join(folder, "photos", "a.jpg"), { colour: "red" });
  await untilItHasAVersion(join(folder, "photos", "a.jpg"));
  await list({ camera: "mine", album: "x" });
  assert.deepEqual(await rowOf(), { ...metadata, camera: "mine", album: "x" });
  assert.equal((await list({ camera: "mine", album: "x" })).stored, 0);
  const changed = await list({ album: "y" });
  assert.deepEqual([changed.stored, changed.reused], [1, 1]);
  assert.deepEqual(await rowOf(), { taken_at: metadata.taken_at, latitude: -46.2, longitude: -6.1, album: "y" });

  await photo(join(folder, "photos", "a.jpg"), { colour: "blue", takenAt: "2025:01:02 03:04:05" });
  await space.json(0, "ingest", "photos/a.jpg");
  assert.deepEqual(await rowOf(), { ...metadata, taken_at: "2025-01-02T03:04:05+02:00", album: "y" });
});

test("metadata.exif turns it off, or reads what photographers write too", async () => {
  await using space = await photosSpace();
  await photo(join(space.folder, "photos", "a.jpg"), { colour: "red" });
  const find = (collection: string) =>
    space.json<{ hits: { metadata: Metadata }[] }>(0, "search", join("photos", "a.jpg"), "-k", "1", "--collection", collection);
  for (const [value, expected] of [
    ["false", {}],
    ["true", metadata],
    ["all", metadata],
  ] as const) {
    await space.json(0, "ingest", "photos", "--collection", `with_${value}`, "--set", `metadata.exif=${value}`);
    assert.deepEqual((await find(`with_${value}`)).hits[0]?.metadata, expected);
  }
});

test("an image is stored without a value that its collection uses for something else", async () => {
  await using space = await photosSpace();
  const { folder } = space;
  await photo(join(folder, "photos", "a.jpg"), { colour: "red" });
  await photo(join(folder, "photos", "b.jpg"), { colour: "blue" });
  await writeFile(join(folder, "list.jsonl"), `${JSON.stringify({ input: "photos/a.jpg", metadata: { camera: 5 } })}\n`);
  await space.json(0, "ingest", "--manifest", "list.jsonl");
  const report = await space.json<Report>(0, "ingest", "photos/b.jpg");
  assert.deepEqual([report.stored, report.failed], [1, 0]);
  assert.equal((await space.json<{ count: number }>(0, "count", "--filter", "exists(taken_at) and not exists(camera)")).count, 1);
});

test("the synchronous pipeline gives the same metadata as the asynchronous one", async () => {
  await using space = await photosSpace();
  const { folder } = space;
  for (let index = 0; index < 8; index += 1) await photo(join(folder, "photos", `${index}.jpg`), { colour: `#${index + 100}` });
  for (const schedule of ["sync", "async"]) {
    await space.json(0, "ingest", "photos", "--collection", schedule, "--pipeline", schedule);
    const filter = ["--filter", 'camera == "Canon EOS R5" and latitude < -46.1'];
    assert.equal((await space.json<{ count: number }>(0, "count", "--collection", schedule, ...filter)).count, 8, schedule);
  }
});

test("a collection that was filled without these columns goes on: nothing is stored or embedded again, and new images have them", async () => {
  await using space = await photosSpace();
  const { folder } = space;
  for (const name of ["a", "b"]) await photo(join(folder, "photos", `${name}.jpg`), { colour: name === "a" ? "red" : "blue" });
  await untilItHasAVersion(join(folder, "photos", "b.jpg"));
  await space.json(0, "ingest", "photos", "--set", "metadata.exif=false");
  const before = await space.json<{ rows: number }>(0, "collection", "stats", "images");
  const again = await space.json<Report>(0, "ingest", "photos");
  assert.deepEqual([again.stored, again.skipped, again.failed], [0, 2, 0]);
  const synced = await space.json<{ new: number; changed: number; unchanged: number }>(0, "sync", "photos");
  assert.deepEqual([synced.new, synced.changed, synced.unchanged], [0, 0, 2]);
  assert.deepEqual(await space.json(0, "collection", "stats", "images"), before);
  await photo(join(folder, "photos", "c.jpg"), { colour: "green" });
  assert.equal((await space.json<Report>(0, "ingest", "photos")).stored, 1);
  assert.equal((await space.json<{ count: number }>(0, "count", "--filter", "exists(taken_at)")).count, 1);
});
