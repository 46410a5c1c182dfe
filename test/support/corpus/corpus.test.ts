import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { makeCorpus } from "./corpus.js";

const root = mkdtempSync(join(tmpdir(), "corpus-"));
after(() => rmSync(root, { recursive: true }));
const photos = fileURLToPath(new URL("../../../../test/fidelity/golden", import.meta.url));
const make = (name: string, count: number, seed = 1) => makeCorpus({ folder: join(root, name), count, seed, sizes: "vga", photos });

function digests(name: string): string[] {
  const folder = join(root, name);
  return readdirSync(folder).map(
    (file) =>
      `${file} ${createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex")}`,
  );
}

test("the same seed makes the same photos, another seed others", async () => {
  await make("a", 14);
  await make("b", 14);
  await make("c", 14, 2);
  assert.deepEqual(digests("b"), digests("a"));
  const shared = digests("c").filter((digest) => digests("a").includes(digest));
  assert.deepEqual(shared, []);
});

test("photos are named by subject and number, none is square, and all are what the manifest says", async () => {
  const corpus = await make("d", 14);
  assert.equal(corpus.photos.length, 14);
  for (const [index, { file, subject, width, height, format, bytes }] of corpus.photos.entries()) {
    assert.match(file, new RegExp(`^${subject}-${String(index).padStart(4, "0")}\\.${format}$`));
    assert.notEqual(width, height);
    const path = join(root, "d", file);
    const header = await sharp(path).metadata();
    assert.deepEqual([header.width, header.height, statSync(path).size], [width, height, bytes]);
  }
});

test("an interrupted corpus is completed, not begun again", async () => {
  const whole = await make("e", 8);
  const folder = join(root, "e");
  const before = digests("e");
  const [kept, lost] = whole.photos;
  assert.ok(kept && lost);
  utimesSync(join(folder, kept.file), 1, 1);
  rmSync(join(folder, "manifest.json"));
  rmSync(join(folder, lost.file));
  assert.deepEqual(await make("e", 8), whole);
  assert.deepEqual(digests("e"), before);
  assert.equal(statSync(join(folder, kept.file)).mtimeMs, 1000, "what was there is not written again");
});

test("two that make the same corpus at once do no harm", async () => {
  const [first, second] = await Promise.all([make("g", 8), make("g", 8)]);
  assert.deepEqual(second, first);
  assert.deepEqual(
    digests("g").filter((digest) => digest.includes(".part")),
    [],
  );
});

test("a complete corpus is left as it is, and another one's folder is refused", async () => {
  await make("f", 3);
  const marks = () => readdirSync(join(root, "f")).map((file) => statSync(join(root, "f", file)).mtimeMs);
  const before = marks();
  await make("f", 3);
  assert.deepEqual(marks(), before);
  await assert.rejects(make("f", 4), /holds another corpus/);
  await assert.rejects(make("f", 3, 9), /holds another corpus/);
});
