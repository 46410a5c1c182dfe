import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { CopyTarget, ImageRef, Reader } from "../../contracts/index.js";
import { memberRefOf, ownIdentity, type RemoteFile, urlRef } from "../../kit/index.js";
import { RemoteCopies } from "./remote-copies.js";

const mebibyte = 1024 * 1024;
const { signal } = new AbortController();

/** Files of one MiB. Their version is what was put last. */
function shelf() {
  const asked: string[] = [];
  const versions = new Map<string, string>();
  const versionOf = (uri: string) => versions.get(uri) ?? '"1"';
  const reader: Reader = {
    name: "shelf",
    schemes: ["https"],
    read: async () => ({ bytes: new Uint8Array(), version: null }),
    copy: async ({ uri }: ImageRef, target: CopyTarget, { storedVersion }) => {
      asked.push(uri);
      if (storedVersion === versionOf(uri)) return null;
      await target.begin(mebibyte);
      await target.write(new Uint8Array(mebibyte).fill(versionOf(uri).length));
      return { version: versionOf(uri), sizeBytes: mebibyte };
    },
  };
  return { reader, asked, versions };
}

const file = (name: string): RemoteFile => urlRef(`https://example.com/${name}.tar`);
const member = (name: string): ImageRef => memberRefOf(`tar+https://example.com/${name}.tar#a.jpg`);

describe("copies of remote files", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-copies-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const copiesOf = (reader: Reader, maxMb = 3) =>
    new RemoteCopies({ folder, maxBytes: maxMb * mebibyte, namesMaxBytes: 0, timeoutMs: 60_000, readers: async () => [reader] });
  const kept = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".tar"));

  test("those who need a file at the same time share a copy, and the last copy is kept until another one is no longer needed", async () => {
    const { reader, asked } = shelf();
    const copies = copiesOf(reader);
    const both = await Promise.all([copies.lease(file("a"), "read", signal), copies.lease(file("a"), "read", signal)]);
    assert.equal(both[0]?.path, both[1]?.path);
    for (const { release } of both) release();
    (await copies.lease(file("a"), "read", signal)).release();
    assert.deepEqual(asked, [file("a").uri]);
    assert.equal((await kept()).length, 1);
    (await copies.lease(file("b"), "read", signal)).release();
    (await copies.lease(file("b"), "read", signal)).release();
    assert.equal((await kept()).length, 1, "the first copy is deleted");
    await copies.close();
    assert.deepEqual(await readdir(folder), []);
  });

  test("a kept copy is listed again only if its server says that it has not changed", async () => {
    const { reader, asked, versions } = shelf();
    const copies = copiesOf(reader);
    const first = await copies.lease(file("a"), "list", signal);
    first.release();
    const again = await copies.lease(file("a"), "list", signal);
    assert.deepEqual([again.path, asked.length], [first.path, 2]);
    again.release();
    versions.set(file("a").uri, '"22"');
    const changed = await copies.lease(file("a"), "list", signal);
    assert.equal(changed.version, '"22"');
    assert.equal((await readFile(changed.path))[0], 4);
    assert.equal(existsSync(first.path), false);
    changed.release();
    await copies.close();
  });

  test("listing waits for room until the images of earlier files are settled", async () => {
    const { reader } = shelf();
    const copies = copiesOf(reader, 1);
    const run = copies.uses.ofRun();
    const a = await copies.lease(file("a"), "list", signal);
    run.expect(member("a"));
    a.release();
    const order: string[] = [];
    const listing = copies.lease(file("b"), "list", signal).then((copy) => {
      order.push("listed");
      return copy;
    });
    (await copies.lease(file("a"), "read", signal)).release();
    order.push("settled");
    run.settle(member("a"));
    (await listing).release();
    assert.deepEqual(order, ["settled", "listed"]);
    await copies.close();
  });

  test("reading takes the room of files that are not open, before a listing that waits", async () => {
    const { reader } = shelf();
    const copies = copiesOf(reader, 1);
    const run = copies.uses.ofRun();
    run.expect(member("a"));
    (await copies.lease(file("a"), "list", signal)).release();
    const listing = copies.lease(file("b"), "list", signal);
    const c = await copies.lease(file("c"), "read", signal);
    assert.deepEqual((await kept()).length, 1);
    c.release();
    (await listing).release();
    run.end();
    await copies.close();
  });

  test("reading that finds no room fails at once, and a waiting listing ends when it is stopped", async () => {
    const { reader } = shelf();
    const copies = copiesOf(reader, 1);
    const a = await copies.lease(file("a"), "list", signal);
    await assert.rejects(copies.lease(file("b"), "read", signal), { code: "source_too_large" });
    const stop = new AbortController();
    const listing = copies.lease(file("c"), "list", stop.signal);
    stop.abort();
    await assert.rejects(listing, { code: "aborted" });
    a.release();
    (await copies.lease(file("c"), "list", signal)).release();
    await copies.close();
  });

  test("reading waits for room while other images are read, and takes it when they are done", async () => {
    const { reader } = shelf();
    const copies = copiesOf(reader, 1);
    const a = await copies.lease(file("a"), "read", signal);
    const order: string[] = [];
    const b = copies.lease(file("b"), "read", signal).then((copy) => {
      order.push("b is copied");
      return copy;
    });
    const again = await copies.lease(file("a"), "read", signal);
    a.release();
    order.push("a is read");
    again.release();
    (await b).release();
    assert.deepEqual(order, ["a is read", "b is copied"]);
    await copies.close();
  });

  test("a file in a known state is not copied, and one in another state is", async () => {
    const { reader, versions } = shelf();
    const copies = copiesOf(reader);
    const known = { version: '"1"', sizeBytes: mebibyte };
    assert.equal(await copies.leaseIfChanged(file("a"), known, signal), null);
    assert.deepEqual(await kept(), []);
    versions.set(file("a").uri, '"22"');
    const changed = await copies.leaseIfChanged(file("a"), known, signal);
    assert.deepEqual(changed?.told, { version: '"22"', sizeBytes: mebibyte });
    changed?.release();
    await copies.close();
  });

  test("what a killed process has left behind is deleted, and what a running process or an unknown one has is not", async () => {
    const leave = async (name: string, owner: object | null) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "1.tar"), "x");
      if (owner !== null) await writeFile(join(folder, name, "owner.json"), JSON.stringify(owner));
    };
    await leave("running", ownIdentity());
    await leave("killed", { ...ownIdentity(), startedAt: "1" });
    await leave("elsewhere", { ...ownIdentity(), host: "another" });
    await leave("new", null);
    await copiesOf(shelf().reader).removeAbandoned();
    assert.deepEqual((await readdir(folder)).sort(), ["elsewhere", "new", "running"]);
  });
});
