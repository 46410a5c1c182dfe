/** An address that several images share is read once, and each image has bytes of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Encoded, HeadraceError, type Reader } from "../../contracts/index.js";
import { urlRef } from "../../kit/index.js";
import { readOnce } from "./read-once.js";

const never = new AbortController().signal;
const limits = { maxBytes: 1_000_000 };

/** A reader that answers when the test lets it. */
function shelf(answer: (location: string) => Encoded | null, maxBytes = 1_000_000, failureMs = 60_000) {
  const reads: string[] = [];
  const get = async ({ location }: { readonly location: string }) => {
    reads.push(location);
    await Promise.resolve();
    return answer(location);
  };
  const reader: Reader = {
    name: "shelf",
    schemes: ["http"],
    read: async (ref) => (await get(ref)) ?? assert.fail("null"),
    readIfChanged: get,
  };
  const once = readOnce(reader, { maxBytes, failureMs });
  return {
    reads,
    read: async (name: string) => (await once.read(urlRef(`http://host/${name}`), limits, never)).bytes,
    readIfChanged: (name: string, storedVersion: string) =>
      once.readIfChanged?.(urlRef(`http://host/${name}`), { ...limits, storedVersion }, never),
  };
}

const picture = (bytes: number): Encoded => ({ bytes: new Uint8Array(bytes).fill(7), version: "1" });

describe("images with one address", () => {
  test("that are read at the same time share one read, and a thread may take the bytes of each", async () => {
    const { reads, read } = shelf(() => picture(8));
    const all = await Promise.all(Array.from({ length: 10 }, () => read("a")));
    assert.equal(reads.length, 1);
    for (const bytes of all) structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    assert.deepEqual(await read("a"), picture(8).bytes);
    assert.equal(reads.length, 1);
  });

  test("that come one after the other are read twice, because the bytes of single images are not kept", async () => {
    const { reads, read } = shelf(() => picture(8));
    for (let at = 0; at < 10; at += 1) await read("a");
    assert.equal(reads.length, 2);
  });

  test("are asked once for a version that is still the current one, and again for another version", async () => {
    const { reads, readIfChanged } = shelf(() => null);
    for (const version of ["1", "1", "1", "2"]) assert.equal(await readIfChanged("a", version), null);
    assert.equal(reads.length, 2);
  });

  test("share an error until it is old, and do not share one that the engine tries again", async () => {
    const failing = (retryable: boolean) => () => {
      throw new HeadraceError("source_unreadable", "planted", { retryable });
    };
    const final = shelf(failing(false));
    for (let at = 0; at < 5; at += 1) await assert.rejects(final.read("a"), { message: "planted" });
    assert.equal(final.reads.length, 1);
    const old = shelf(failing(false), 1_000_000, 0);
    for (let at = 0; at < 5; at += 1) await assert.rejects(old.read("a"), { message: "planted" });
    assert.equal(old.reads.length, 5);
    const retryable = shelf(failing(true));
    for (let at = 0; at < 5; at += 1) await assert.rejects(retryable.read("a"), { message: "planted" });
    assert.equal(retryable.reads.length, 5);
  });

  test("are forgotten when others need the memory, and large pictures are not kept", async () => {
    const { reads, read } = shelf((location) => picture(location.endsWith("large") ? 9_000 : 500), 20_000);
    for (let at = 0; at < 3; at += 1) await read("a");
    assert.equal(reads.length, 2);
    for (let at = 0; at < 100; at += 1) await read(`other-${at}`);
    await read("a");
    assert.equal(reads.filter((location) => location.endsWith("/a")).length, 3);
    for (let at = 0; at < 3; at += 1) await read("large");
    assert.equal(reads.filter((location) => location.endsWith("large")).length, 3);
  });
});
