/** Files whose metadata are odd, damaged or made to hurt: what is true in them is read, and no image is lost. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { exifDescriber } from "../../src/adapters/exif/index.js";
import type { Metadata } from "../../src/index.js";
import { workspace } from "../flow/command.js";
import { randomWords } from "../odd-images/random.js";
import { extent } from "../support/extent.js";
import { type Containers, containers } from "./containers.js";
import { oddBlocks } from "./odd-blocks.js";
import type { Order } from "./tiff-block.js";

const formats = ["jpg", "png", "webp", "tif", "jxl", "heic"] as const;
const orders: readonly Order[] = ["little", "big"];
/** Far more than any of them takes. */
const maxMs = 100;

test("odd values are left out, in each container and byte order, and the others are read", async () => {
  const made = await containers();
  const describer = exifDescriber("usual");
  const read = (find: (expected: Metadata, file: Buffer) => Metadata) =>
    oddBlocks.flatMap(({ name, block, expected }) =>
      formats.flatMap((format) => orders.map((order) => [name, format, order, find(expected, made[format](block(order)))])),
    );
  assert.deepEqual(
    read((_expected, file) => describer.describe(file)),
    read((expected) => expected),
  );
});

test("2,000 damaged headers are read quickly, without an error, and give only values that can be true", async (context) => {
  const describer = exifDescriber("all");
  let longestMs = 0;
  let readable = 0;
  for (const { file, name } of mutants(await containers(), 2_000)) {
    const start = performance.now();
    const metadata = describer.describe(file);
    longestMs = Math.max(longestMs, performance.now() - start);
    if (Object.keys(metadata).length > 0) readable += 1;
    checkTrue(metadata, name);
  }
  context.diagnostic(`longest ${longestMs.toFixed(1)} ms, ${readable} with values`);
  assert.ok(longestMs < maxMs, `${longestMs} ms`);
  assert.ok(readable > 500, "most damage leaves some values whole");
});

test("no image is lost that is stored without reading its metadata", async () => {
  await using space = await workspace();
  const folder = join(space.folder, "odd");
  await mkdir(folder);
  const made = await containers();
  for (const [index, { block }] of oddBlocks.entries()) {
    for (const format of ["jpg", "png", "webp"] as const)
      await writeFile(join(folder, `${index}.${format}`), made[format](block("little")));
  }
  for (const { file, name } of mutants(made, extent({ some: 150, all: 2_000 }))) {
    if (/(jpg|png|webp)$/.test(name)) await writeFile(join(folder, name), file);
  }
  const ingested = async (exif: string) => {
    const collection = ["--collection", `with_${exif}`];
    const { code, stdout } = await space.run("ingest", "odd", ...collection, "--set", `metadata.exif=${exif}`, "--json");
    assert.equal(code, 3, "some mutants are no images");
    const { stored, failed, codes } = JSON.parse(stdout) as Record<string, unknown>;
    return { stored, failed, codes, ...(await space.json(0, "count", ...collection)), collection: "" };
  };
  const without = await ingested("false");
  assert.ok(Number(without.stored) > oddBlocks.length * 2);
  assert.deepEqual(await ingested("all"), without);
});

interface Mutant {
  readonly name: string;
  readonly file: Buffer;
}

/** Well-formed files with one to four changes in the bytes of their headers, or cut off there. */
function* mutants(made: Containers, count: number): Generator<Mutant> {
  const whole = oddBlocks[0]!.block;
  const next = randomWords(7);
  const random = () => next() / 2 ** 32;
  for (let index = 0; index < count; index += 1) {
    const format = formats[index % formats.length]!;
    const block = whole(orders[Math.floor(index / formats.length) % 2]!);
    const file = Buffer.from(made[format](block));
    const headers = Math.min(file.length, block.length + 120);
    for (let change = 0; change <= index % 4; change += 1)
      file[Math.floor(random() * headers)] = [0, 0xff, 0x7f, Math.floor(random() * 256)][change]!;
    const end = index % 10 === 9 ? Math.floor(random() * headers) : file.length;
    yield { name: `mutant-${index}.${format}`, file: file.subarray(0, end) };
  }
}

function checkTrue(metadata: Metadata, name: string): void {
  const { taken_at: takenAt, latitude, longitude } = metadata;
  if (takenAt !== undefined)
    assert.match(String(takenAt), /^(1[89]|20)\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d([+-][01]\d:[0-5]\d)?$/, name);
  if (latitude !== undefined) assert.ok(Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180, name);
  for (const [key, value] of Object.entries(metadata)) {
    assert.ok(typeof value === "number" ? Number.isFinite(value) : typeof value === "string" && value.length <= 2_000, `${name} ${key}`);
    assert.doesNotMatch(String(value), /[\p{Cc}\p{Cs}]/u, `${name} ${key}`);
  }
}
