/** Records of names: exact, limited, without secrets, and harmless when they are damaged. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { HeadraceError, type IngestInput, type Metadata } from "../../contracts/index.js";
import { keyOf, memberRef, urlRef } from "../../kit/index.js";
import { type ListedFile, NameRecords } from "./name-records.js";

const columns = {};
const state = { version: '"v1"', sizeBytes: 10 };
const fileOf = (url: string): ListedFile => ({ file: urlRef(url), badLines: "fail", columns });

/** A member of a tar, as its listing names it. */
function member(url: string, name: string, at: number, metadata: Metadata | null = null): IngestInput {
  const copyOf = { ...urlRef(url), version: state.version };
  const hints = { mark: state.version, at: String(at), size: "5" };
  const known = { version: `${state.version}@${at}`, sizeBytes: 5, hints };
  const ref = { ...memberRef({ scheme: "tar", path: "/copy.tar", uri: copyOf.uri, copyOf }, name, known), root: copyOf.uri, metadata };
  return { id: keyOf(ref.uri), ref };
}

function address(list: string, url: string, more: Partial<IngestInput> = {}): IngestInput {
  const ref = { ...urlRef(url), root: urlRef(list).uri, line: `${list}:2` };
  return { id: keyOf(ref.uri), ref, ...more };
}

describe("records of names", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-names-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const recordsOf = (maxBytes = 1_000_000) => new NameRecords(join(folder, "names"), maxBytes);

  async function write(records: NameRecords, file: ListedFile, inputs: Iterable<IngestInput>, leftOut = {}): Promise<void> {
    const writer = records.create(file, state, join(folder, `${Math.random()}`));
    for (const input of inputs) await writer.add(input);
    await writer.commit({ leftOut, leftOutColumns: [] });
    await writer.discard();
  }

  async function read(records: NameRecords, file: ListedFile) {
    const record = await records.find(file);
    if (record === null) return null;
    const found: { inputs: IngestInput[]; leftOut: object | null } = { inputs: [], leftOut: null };
    for await (const input of record.inputs(({ leftOut }) => (found.leftOut = leftOut))) found.inputs.push(input);
    return found;
  }

  test("return what was listed: members and addresses, ids of both types, metadata, lines and what was left out", async () => {
    const url = "https://host/a.tar?x=1";
    const inputs = [
      member(url, "a b/ü#.jpg", 512),
      { ...member(url, "b.jpg", 2_048, { label: "cat", size: 0.1, isNew: true, none: null, odd: "\ud800" }), id: "own" },
      { ...member(url, "c.jpg", 4_096, {}), id: 12_345_678_901_234_567_890n },
      address(url, "https://elsewhere/c.jpg?page=2"),
      address(url, "s3://bucket/100%#1.jpg"),
    ];
    const records = recordsOf();
    await write(records, fileOf(url), inputs, { ".heic": 2 });
    assert.deepEqual(await read(recordsOf(), fileOf(url)), { inputs, leftOut: { ".heic": 2 } });
  });

  test("belong to a file and its columns, and give members the address of the present call", async () => {
    const records = recordsOf();
    await write(records, fileOf("https://host/a.tar?X-Amz-Signature=old"), [member("https://host/a.tar?X-Amz-Signature=old", "a.jpg", 0)]);
    assert.equal(await read(records, fileOf("https://host/b.tar")), null);
    assert.equal(await read(records, { ...fileOf("https://host/a.tar"), columns: { id: "key" } }), null);
    assert.equal(await read(records, { ...fileOf("https://host/a.tar"), idType: "int64" }), null);
    const found = await read(records, fileOf("https://user:pw@host/a.tar?X-Amz-Signature=new"));
    assert.deepEqual(found?.inputs, [member("https://user:pw@host/a.tar?X-Amz-Signature=new", "a.jpg", 0)]);
    const [name = ""] = await readdir(records.folder);
    assert.doesNotMatch(gunzipSync(await readFile(join(records.folder, name))).toString(), /old|pw/);
  });

  test("are not found by a version that lists files by other rules, such as more extensions of images", async () => {
    const url = "https://host/a.tar";
    const older = new NameRecords(join(folder, "names"), 1_000_000, "jpg png");
    await write(older, fileOf(url), [member(url, "a.jpg", 0)]);
    assert.equal((await read(older, fileOf(url)))?.inputs.length, 1);
    assert.equal(await read(recordsOf(), fileOf(url)), null);
  });

  test("are not kept of a file that names an address with a secret, numbers that JSON has not, bytes, or anything that failed", async () => {
    const list = "https://host/list.csv";
    const bytes = { ...urlRef("https://host/a.jpg"), root: list, data: new Uint8Array(3) };
    const error = new HeadraceError("input_invalid", "planted", { scope: "item" });
    for (const input of [
      address(list, "https://host/a.jpg?X-Amz-Signature=secret"),
      address(list, "https://user:secret@host/a.jpg"),
      member(list, "a.jpg", 0, { score: Number.NaN }),
      member(list, "a.jpg", 0, { score: -0 }),
      { id: "a", ref: bytes },
      { id: "a", ref: { ...urlRef("https://host/a.jpg"), root: list, refused: { kind: "fail", error } as const } },
    ]) {
      const records = recordsOf();
      await write(records, fileOf(list), [address(list, "https://host/first.jpg"), input]);
      assert.equal(await read(records, fileOf(list)), null);
    }
    assert.deepEqual(await readdir(folder), ["names"]);
  });

  test("of a hundred thousand names are exact", async () => {
    const url = "https://host/a.tar";
    const count = 100_000;
    const records = recordsOf(100_000_000);
    function* inputs(): Generator<IngestInput> {
      for (let at = 0; at < count; at += 1) yield member(url, `${at}.jpg`, at * 1_024);
    }
    await write(records, fileOf(url), inputs());
    const record = await records.find(fileOf(url));
    let at = 0;
    for await (const { ref } of record!.inputs(() => undefined)) {
      if (at % 9_999 === 0) assert.deepEqual(ref, member(url, `${at}.jpg`, at * 1_024).ref);
      at += 1;
    }
    assert.equal(at, count);
  });

  test("that are cut off or overwritten end without their end, and never throw", async () => {
    const url = "https://host/a.tar";
    const records = recordsOf();
    await write(
      records,
      fileOf(url),
      Array.from({ length: 20_000 }, (_, at) => member(url, `${at}.jpg`, at)),
    );
    const [name = ""] = await readdir(records.folder);
    const path = join(records.folder, name);
    const whole = await readFile(path);
    for (const length of [whole.length - 1, Math.floor(whole.length / 2), 5, 0]) {
      await writeFile(path, whole);
      await truncate(path, length);
      const found = await read(records, fileOf(url));
      assert.ok(found === null || found.leftOut === null, `${length} bytes`);
    }
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 200]! ^= 0xff;
    await writeFile(path, flipped);
    assert.equal((await read(records, fileOf(url)))?.leftOut ?? null, null);
  });

  test("have a limit together: those that were not used for the longest time go", async () => {
    const urls = Array.from({ length: 6 }, (_, at) => `https://host/${at}.tar`);
    const random = (url: string) => Array.from({ length: 200 }, (_, at) => member(url, `${keyOf(`${url}${at}`)}.jpg`, at));
    const measured = recordsOf();
    await write(measured, fileOf(urls[0]!), random(urls[0]!));
    const [name = ""] = await readdir(measured.folder);
    const oneBytes = (await readFile(join(measured.folder, name))).length;
    const records = recordsOf(oneBytes * 3.5);
    for (const url of urls) {
      await write(records, fileOf(url), random(url));
      assert.ok(await read(records, fileOf(url)), "the newest is kept");
    }
    assert.equal((await readdir(records.folder)).length, 3);
  });

  test("that cannot be written are given up", async () => {
    await writeFile(join(folder, "names"), "a file where the folder should be");
    const url = "https://host/a.tar";
    await write(recordsOf(), fileOf(url), [member(url, "a.jpg", 0)]);
    assert.equal(await read(recordsOf(), fileOf(url)), null);
    assert.deepEqual(await readdir(folder), ["names"]);
  });
});
