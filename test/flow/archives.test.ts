/** Archives as inputs: images with the texts beside them, read in place, and archives that mean harm. */
import assert from "node:assert/strict";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { type PackedFile, tarOf, writeTar, writeZip } from "../support/archives.js";
import { extent } from "../support/extent.js";
import { type Workspace, workspace } from "./command.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly unlistedFiles: number;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly source: string; readonly code: string; readonly message: string }[];
}

interface Row {
  readonly id: string;
  readonly source: string;
  readonly score: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const golden = resolve("test", "fidelity", "golden");
const coffee = new Uint8Array(await readFile(join(golden, "coffee.jpg")));
const cat = new Uint8Array(await readFile(join(golden, "chelsea.jpg")));
const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];
const codesOf = ({ failures }: Document) => failures.map(({ source, code }) => [source.slice(source.indexOf("#") + 1), code]).sort();
const text = (value: string) => Buffer.from(value);
const json = (value: unknown) => text(JSON.stringify(value));

async function rowsOf(space: Workspace): Promise<readonly Row[]> {
  const { hits } = await space.json<{ hits: Row[] }>(0, "search", join(golden, "coffee.jpg"), "--top-k", "1000");
  return [...hits].sort((a, b) => (a.source < b.source ? -1 : 1));
}

type Format = readonly [string, (path: string, files: readonly PackedFile[]) => Promise<void>];
const some: readonly Format[] = [
  ["photos.tar", writeTar],
  ["photos.tgz", writeTar],
  ["photos.zip", writeZip],
];
const formats = extent({ some, all: [...some, ["photos.tar.gz", writeTar]] });

for (const [name, write] of formats) {
  const scheme = name.endsWith("gz") ? "tgz" : name.slice(-3);

  test(`${name}: images get the texts with their names as metadata, in whatever order they stand`, async () => {
    await using space = await workspace();
    const long = `${"long-".repeat(40)}name`;
    await write(join(space.folder, name), [
      { name: "b.json", bytes: json({ key: "B", width: 3, tags: ["x"], none: null }) },
      { name: "./a.jpg", bytes: coffee },
      { name: "in/b.jpg", bytes: cat },
      { name: "in/b.json", bytes: json({ key: "in-b", ok: true }) },
      { name: "readme.md", bytes: text("#") },
      { name: "._a.jpg", bytes: text("mac") },
      { name: "c.d.jpg", bytes: coffee },
      { name: `${long}.jpg`, bytes: cat },
      { name: "b.jpg", bytes: cat },
      { name: "a.txt", bytes: text(" a cup\n") },
      { name: "c.cls", bytes: text("7") },
      { name: `${long}.json`, bytes: json({ n: 1.5 }) },
      { name: "a.json", bytes: json({ key: "A" }) },
    ]);
    const document = await space.json<Document>(0, "ingest", name);
    assert.deepEqual([counts(document), document.leftOut], [[5, 5, 0, 0], { ".md": 1 }]);
    const at = `${scheme}://${join(space.folder, name)}#`;
    assert.deepEqual(
      (await rowsOf(space)).map(({ source, metadata }) => [source.replace(at, ""), metadata]),
      [
        ["a.jpg", { key: "A", txt: "a cup" }],
        ["b.jpg", { key: "B", width_: 3, tags: '["x"]' }],
        ["c.d.jpg", { cls: "7" }],
        ["in/b.jpg", { key: "in-b", ok: true }],
        [`${long}.jpg`, { n: 1.5 }],
      ],
    );
    const { hits } = await space.json<{ hits: Row[] }>(0, "search", `${at}in/b.jpg`, "--top-k", "3");
    assert.ok(hits.every(({ score }) => score > 0.9999));
    assert.deepEqual(await readdir(space.folder), ["headrace-data", name].sort(), "nothing is unpacked");
    const ids = await space.json<Document>(3, "ingest", name, "--collection", "keyed", "--id-column", "key", "--metadata-columns", "txt");
    assert.deepEqual([ids.stored, ids.failed], [3, 2], "two images have no key");
  });

  test(`${name}: hundreds of images are stored once, also after the archive has changed`, async () => {
    await using space = await workspace();
    const files = Array.from({ length: 300 }, (_, at) => [
      { name: `${at}.jpg`, bytes: at % 2 === 0 ? coffee : cat },
      { name: `${at}.json`, bytes: json({ at }) },
    ]).flat();
    await write(join(space.folder, name), files);
    assert.deepEqual(counts(await space.json<Document>(0, "ingest", name)), [300, 300, 0, 0]);
    await write(join(space.folder, name), files.slice(2).reverse());
    const again = await space.json<Document>(0, "ingest", name);
    assert.deepEqual([again.read, again.failed], [299, 0]);
    const rows = await rowsOf(space);
    assert.equal(rows.length, 300);
    for (const { source, metadata } of rows) assert.equal(source.split("#")[1], `${metadata["at"]}.jpg`);
  });

  test(`${name}: links, traversing and duplicate names and a bad text fail alone or do no harm`, async () => {
    await using space = await workspace();
    await copyFile(join(golden, "coffee.jpg"), join(space.folder, "outside.jpg"));
    const links: readonly PackedFile[] = [
      { name: "link.jpg", bytes: name === "photos.zip" ? text("outside.jpg") : text(""), type: "SymbolicLink" },
    ];
    const hard: readonly PackedFile[] = name === "photos.zip" ? [] : [{ name: "hard.jpg", bytes: text(""), type: "Link" }];
    await write(join(space.folder, name), [
      ...links,
      ...hard,
      ...(name === "photos.zip" ? [] : [{ name: "../outside.jpg", bytes: cat }]),
      { name: "same.jpg", bytes: cat },
      { name: "same.jpg", bytes: coffee },
      { name: "bad.jpg", bytes: cat },
      { name: "bad.json", bytes: text("{") },
    ]);
    const document = await space.json<Document>(3, "ingest", name);
    assert.deepEqual(
      codesOf(document),
      [...(hard.length > 0 ? [["hard.jpg", "source_not_file"]] : []), ["bad.jpg", "input_invalid"], ["link.jpg", "source_not_file"]].sort(),
    );
    assert.equal(document.skipped, 1);
    const rows = await rowsOf(space);
    assert.ok(
      rows.every(({ score }) => score < 0.99),
      "the image outside, and the second with the same name, are not stored",
    );
  });

  test(`${name}: what is before the end of a torn archive is stored, and the end is one failure`, async () => {
    await using space = await workspace();
    const path = join(space.folder, name);
    await write(
      path,
      Array.from({ length: 20 }, (_, at) => ({ name: `${at}.jpg`, bytes: coffee })),
    );
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    await copyFile(join(golden, "chelsea.jpg"), join(space.folder, "other.jpg"));
    const document = await space.json<Document>(3, "ingest", name, "other.jpg");
    if (name === "photos.zip") assert.deepEqual([document.stored, document.failed, document.failures[0]?.code], [1, 1, "input_invalid"]);
    else {
      assert.ok(document.stored >= 12 && document.stored <= 13, `${document.stored}`);
      assert.deepEqual(
        document.failures.map(({ source, code }) => [source, code]),
        [[`file://${path}`, "source_unreadable"]],
      );
      assert.match(document.failures[0]?.message ?? "", /from byte \d+ on its content is unknown: /);
    }
    assert.equal(document.unlistedFiles, 1);
  });
}

test("a damaged header ends a tar with its position, and a stated size beyond the end is not believed", async () => {
  await using space = await workspace();
  const good = tarOf([{ name: "a.jpg", bytes: coffee }]).subarray(0, -1024);
  await writeFile(join(space.folder, "1.tar"), Buffer.concat([good, Buffer.alloc(512, 7), good]));
  await writeTar(join(space.folder, "2.tar"), [
    { name: "b.jpg", bytes: cat },
    { name: "huge.jpg", bytes: coffee, size: 2 ** 40 },
  ]);
  const document = await space.json<Document>(3, "ingest", "1.tar", "2.tar");
  assert.equal(document.stored, 2);
  assert.deepEqual(document.failures.map(({ message }) => message.slice(space.folder.length + 1)).sort(), [
    `1.tar: from byte ${good.length} on its content is unknown: expected a header with a valid checksum, found other bytes`,
    `2.tar: from byte ${512 + Math.ceil(cat.length / 512) * 512} on its content is unknown: the archive ends in "huge.jpg"`,
  ]);
});

const cuts: readonly (readonly [string, (whole: Buffer, middle: number) => Buffer])[] = [
  ["cut in a file that is no image", (whole, middle) => whole.subarray(0, middle)],
  ["filled with zeros from there on", (whole, middle) => Buffer.concat([whole.subarray(0, middle), Buffer.alloc(whole.length - middle)])],
  ["cut between two files", (whole) => whole.subarray(0, blocksOf(coffee))],
  ["cut in a header", (whole) => whole.subarray(0, blocksOf(coffee) + 100)],
];
const blocksOf = (bytes: Uint8Array) => 512 + Math.ceil(bytes.length / 512) * 512;

for (const [at, [how, cutOf]] of cuts.entries()) {
  for (const name of extent({ some: [at % 2 === 0 ? "photos.tar" : "photos.tgz"], all: ["photos.tar", "photos.tgz"] })) {
    test(`${name} ${how}: its end is a failure, no row below it is deleted, and a retry reads it when it is whole`, async () => {
      await using space = await workspace();
      const path = join(space.folder, name);
      const whole = tarOf([
        { name: "a.jpg", bytes: coffee },
        { name: "b.npy", bytes: new Uint8Array(300_000).fill(7) },
        { name: "c.jpg", bytes: cat },
      ]);
      const put = (bytes: Buffer) => writeFile(path, name.endsWith("gz") ? gzipSync(bytes) : bytes);
      await put(whole);
      assert.deepEqual(counts(await space.json<Document>(0, "ingest", name)), [2, 2, 0, 0]);
      await put(cutOf(whole, blocksOf(coffee) + 150_000));
      const torn = await space.json<Document & { pruned: number }>(3, "sync", name, "--prune", "--max-deletions", "100%");
      assert.deepEqual([torn.failed, torn.unlistedFiles, torn.pruned], [1, 1, 0], JSON.stringify(torn.failures));
      assert.equal((await space.json<{ count: number }>(0, "count")).count, 2);
      await put(whole);
      const again = await space.json<Document>(0, "retry");
      assert.deepEqual([again.read, again.failed, again.unlistedFiles], [2, 0, 0]);
      assert.deepEqual(await readdir(join(space.folder, "headrace-data", "dead-letters")).catch(() => []), []);
    });
  }
}

test("a zip bomb is unpacked up to the limit only, whatever size it states", async () => {
  await using space = await workspace();
  const path = join(space.folder, "bomb.zip");
  const zeros = new Uint8Array(64 * 1024 * 1024);
  await writeZip(path, [
    { name: "bomb.png", bytes: zeros },
    { name: "a.jpg", bytes: cat },
  ]);
  const honest = await space.json<Document>(3, "ingest", "bomb.zip", "--set", "preprocess.max_file_mb=1");
  assert.deepEqual([honest.stored, codesOf(honest)], [1, [["bomb.png", "source_too_large"]]]);
  const bytes = await readFile(path);
  const packed = deflateRawSync(zeros).byteLength;
  assert.ok(packed < 1024 * 1024);
  const entry = bytes.indexOf("PK\x01\x02", 0, "latin1");
  bytes.writeUInt32LE(1000, entry + 24);
  await writeFile(path, bytes);
  const lying = await space.json<Document>(3, "ingest", "bomb.zip", "--set", "preprocess.max_file_mb=1", "--collection", "lying");
  assert.deepEqual([lying.stored, codesOf(lying)], [1, [["bomb.png", "source_too_large"]]]);
});

for (const [name, write] of formats) {
  test(`${name}: a failed image is tried again by its name when the archive was written again`, async () => {
    await using space = await workspace();
    const path = join(space.folder, name);
    await write(path, [
      { name: "good.jpg", bytes: cat },
      { name: "bad.jpg", bytes: coffee.subarray(0, 5000) },
    ]);
    const first = await space.json<Document>(3, "ingest", name);
    assert.deepEqual([counts(first), codesOf(first)], [[2, 1, 0, 1], [["bad.jpg", "image_corrupt"]]]);
    await write(path, [
      { name: "new.jpg", bytes: cat },
      { name: "good.jpg", bytes: cat },
      { name: "bad.jpg", bytes: coffee },
    ]);
    await space.json(0, "retry");
    const bad = (await rowsOf(space)).find(({ source }) => source.endsWith("#bad.jpg"));
    assert.ok((bad?.score ?? 0) > 0.999, "the row has the image with this name");
  });
}
