/** `preprocess.damaged: keep` stores what can be decoded of damaged images, and marks their rows. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { sharpDecoder } from "../../src/adapters/sharp/index.js";
import type { Encoded, Pixels } from "../../src/contracts/index.js";
import { workspace } from "./command.js";

const golden = resolve("test", "fidelity", "golden");
const keep = ["--set", "preprocess.damaged=keep"];

interface Report {
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly { readonly code: string }[];
}

test("rows of damaged images are marked, and the mark follows the image wherever its row goes", async () => {
  await using space = await workspace();
  const { folder } = space;
  const count = async (filter: string, collection = "images"): Promise<number> =>
    (await space.json<{ count: number }>(0, "count", "--collection", collection, "--filter", filter)).count;
  const ingest = (code: number, ...args: readonly string[]) => space.json<Report>(code, "ingest", ...args);
  await mkdir(join(folder, "photos"));
  for (const name of ["coffee.jpg", "rocket.jpg", "retina.jpg", "hubble.jpg", "brick.png"])
    await copyFile(join(golden, name), join(folder, "photos", name));
  const half = await cutOff("chelsea.jpg");
  await writeFile(join(folder, "photos", "half.jpg"), half);
  await writeFile(join(folder, "photos", "half.png"), await cutOff("camera.png"));
  await writeFile(join(folder, "photos", "noise.jpg"), "not an image");

  const first = await ingest(3, "photos", ...keep);
  assert.deepEqual([first.stored, first.failed], [7, 1]);
  assert.equal(await count("image_damaged == true"), 2);
  assert.equal(await count("not exists(image_damaged)"), 5);
  const { hits } = await space.json<{ hits: { source: string; metadata: object }[] }>(0, "search", join(golden, "chelsea.jpg"), "-k", "1");
  assert.match(hits[0]?.source ?? "", /half\.jpg$/);
  assert.deepEqual(hits[0]?.metadata, { image_damaged: true });

  // Same bytes under another name, and new metadata for an image that is known.
  await writeFile(join(folder, "photos", "copy.jpg"), half);
  const again = await ingest(3, "photos", ...keep);
  assert.ok(again.reused >= 1 && again.reused === again.stored, "no vector is computed again");
  assert.equal(await count("image_damaged == true"), 3);
  await writeFile(
    join(folder, "list.jsonl"),
    `${JSON.stringify({ input: "photos/half.jpg", metadata: { year: 2020, image_damaged: false } })}\n`,
  );
  await ingest(0, "--manifest", "list.jsonl", ...keep);
  assert.equal(await count("image_damaged == true and year == 2020"), 1);

  // A run that refuses damaged images does not take the vector of one.
  await writeFile(join(folder, "another.jpg"), half);
  const refused = await ingest(3, "another.jpg");
  assert.deepEqual([refused.stored, refused.failures[0]?.code], [0, "image_corrupt"]);

  await space.json(0, "export", "images", "--output", "images.parquet");
  await space.json(0, "import", "images.parquet", "again");
  await space.json(0, "copy", "--from", "images", "--to", "copied");
  for (const name of ["again", "copied"]) assert.equal(await count("image_damaged == true", name), 3);
  // The mark is no metadata that anybody gave: `verify` does not take such rows for rows that something has changed.
  const verified = JSON.parse((await space.run("verify", "photos", "--json")).stdout) as { damaged: number };
  assert.equal(verified.damaged, 0);

  // A whole image in place of the damaged one: the metadata stays, the mark goes.
  await copyFile(join(golden, "chelsea.jpg"), join(folder, "photos", "half.jpg"));
  await ingest(3, "photos", ...keep);
  assert.equal(await count("year == 2020 and not exists(image_damaged)"), 1);
  assert.equal(await count("image_damaged == true"), 2);
});

test("a whole image has the same pixels whether damaged images are kept or refused", async () => {
  for (const name of ["coffee.jpg", "camera.png", "rocket.jpg"]) {
    const image = { bytes: await readFile(join(golden, name)), version: null };
    const [kept, refused] = await Promise.all([decode(image, "keep"), decode(image, "refuse")]);
    assert.deepEqual(kept.data, refused.data);
    assert.equal(kept.damaged ?? false, false);
  }
});

test("of a PNG, the rows before the damage are kept, and no image becomes larger than its header says", async () => {
  const whole = await decode({ bytes: await readFile(join(golden, "camera.png")), version: null }, "refuse");
  const half = await decode({ bytes: await cutOff("camera.png"), version: null }, "keep");
  assert.equal(half.damaged, true);
  const rows = Math.floor(half.height / 4) * half.width * 3;
  assert.deepEqual(half.data.subarray(0, rows), whole.data.subarray(0, rows));
  for (const interlaced of [0, 1]) {
    // A picture of 100 × 100 whose data are those of a far larger one.
    const bytes = png({ width: 100, height: 100, interlaced, data: deflateSync(Buffer.alloc(50_000_000)).subarray(0, 30_000) });
    const { original, damaged } = await decode({ bytes, version: null }, "keep");
    assert.deepEqual([original, damaged], [{ width: 100, height: 100 }, true]);
  }
});

test("a damaged PNG whose header promises a huge picture is refused for its size", async () => {
  const bytes = png({ width: 60_000, height: 60_000, interlaced: 0, data: deflateSync(Buffer.alloc(1_000)) });
  // The checksum of the header no longer fits, so the header itself counts as damaged.
  bytes[29]! ^= 1;
  await assert.rejects(decode({ bytes, version: null }, "keep"), { code: "image_too_large" });
});

test("of an uncompressed TIFF that is cut off, the rows before its end are kept", async () => {
  const whole = await readFile(resolve("test", "fuzz", "bases", "plain.tif"));
  const cut = { bytes: whole.subarray(0, Math.floor(whole.length * 0.6)), version: null };
  const [half, all] = [await decode(cut, "keep"), await decode({ bytes: whole, version: null }, "refuse")];
  assert.equal(half.damaged, true);
  const rows = Math.floor(half.height / 2) * half.width * 3;
  assert.deepEqual(half.data.subarray(0, rows), all.data.subarray(0, rows));
});

async function decode(image: Encoded, damaged: "keep" | "refuse"): Promise<Pixels> {
  return sharpDecoder({ damaged }).decode(
    image,
    { kind: "squash", width: 200, height: 160, filter: "bicubic" },
    new AbortController().signal,
  );
}

async function cutOff(name: string): Promise<Uint8Array> {
  const bytes = await readFile(join(golden, name));
  return bytes.subarray(0, Math.floor(bytes.length * 0.6));
}

function png({ width, height, interlaced, data }: { width: number; height: number; interlaced: number; data: Buffer }): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, interlaced], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", data)]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
