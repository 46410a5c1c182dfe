/** What the read stage leaves to the decode stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chain, DecodingReader, ReadAndDecode } from "../chain/index.js";
import type { ImageRef, Item, LookedUpRef, Reader, Result } from "../contracts/index.js";
import { decodeStage } from "./decode.js";
import { readOrLeaveStage, readStage } from "./read.js";

const never = new AbortController().signal;
const options = { maxFileBytes: 1_000, reserveBytes: 10 };
const geometry = { kind: "squash", width: 1, height: 1, filter: "nearest" } as const;
const pixels = { width: 1, height: 1, data: new Uint8Array(3), original: { width: 7, height: 5 } };
const chain = {
  decoder: { name: "decoder", measure: () => assert.fail("not called"), decode: async () => pixels },
  preprocessing: { geometry },
  embedder: { dimension: 2 },
} as unknown as Chain;

function item(scheme: string): Item<LookedUpRef> {
  const ref: ImageRef = {
    uri: `${scheme}:/a`,
    location: "/a",
    scheme,
    root: "/",
    version: null,
    sizeBytes: 100,
    metadata: null,
  };
  const facts = { source: ref.uri, root: "/", version: "", content: "", metadata: {}, metadataHash: "", width: 0, height: 0 };
  return { seq: 0, id: ref.uri, facts, bytes: 110, value: ref };
}

function reader(scheme: string): Reader {
  return { name: scheme, schemes: [scheme], read: async () => ({ bytes: new Uint8Array(40), version: "of the reader", content: "hash" }) };
}

const readAndDecode: ReadAndDecode = async (_ref, { maxBytes, target }) => {
  assert.deepEqual([maxBytes, target], [options.maxFileBytes, geometry]);
  return { pixels, version: "of both", content: "hash of both" };
};

async function throughBoth(readers: readonly Reader[], scheme: string) {
  const [read] = await readOrLeaveStage(readers, options).process([item(scheme)], never);
  assert.ok(read?.kind === "ok");
  const [decoded] = await decodeStage(async () => chain).process([read.item], never);
  return { read: read.item, decoded: okItem(decoded) };
}

function okItem<T>(result: Result<T> | undefined): Item<T> {
  assert.ok(result?.kind === "ok");
  return result.item;
}

test("an image of a reader that can decode is read by the decode stage, which then knows its version and its bytes' hash", async () => {
  const decoding: DecodingReader = { ...reader("file"), read: () => assert.fail("not called"), readAndDecode };
  const { read, decoded } = await throughBoth([decoding], "file");
  assert.equal(read.bytes, 110, "the memory that was reserved for the file stays reserved");
  const { version, content, width, height } = decoded.facts;
  assert.deepEqual({ version, content, width, height }, { version: "of both", content: "hash of both", width: 7, height: 5 });
  assert.equal(decoded.bytes, 3 + 2 * 4);
});

test("a reader that cannot decode yet, and a reader that never can, read in the read stage", async () => {
  const starting: DecodingReader = { ...reader("file"), readAndDecode: null };
  for (const readers of [[starting], [reader("file")]]) {
    const { read, decoded } = await throughBoth(readers, "file");
    assert.deepEqual([read.bytes, read.facts.version, read.facts.content], [50, "of the reader", "hash"]);
    assert.deepEqual([decoded.facts.version, decoded.facts.width], ["of the reader", 7]);
  }
});

test("where the bytes are needed in between, the read stage reads every image", async () => {
  const decoding: DecodingReader = { ...reader("file"), readAndDecode: () => assert.fail("not called") };
  const [read] = await readStage([decoding], options).process([item("file")], never);
  assert.equal(okItem(read).facts.content, "hash");
});
