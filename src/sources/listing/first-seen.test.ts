import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageRef, IngestInput, Key } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import { refuseDuplicates } from "./first-seen.js";

const input = (uri: string, id: Key = keyOf(uri), more: Partial<ImageRef> = {}): IngestInput => ({
  id,
  ref: { uri, location: uri, scheme: "shelf", root: "shelf:", version: null, sizeBytes: null, metadata: null, ...more },
});

/** What becomes of each input: null, why it is skipped, or why it fails. */
async function refusals(inputs: Iterable<IngestInput>): Promise<(string | null)[]> {
  const all: (string | null)[] = [];
  const stream = (async function* () {
    yield* inputs;
  })();
  for await (const { ref } of refuseDuplicates(stream))
    all.push(ref.refused === undefined ? null : ref.refused.kind === "skip" ? ref.refused.reason : ref.refused.error.message);
  return all;
}

test("text and a number of the same spelling are two ids", async () => {
  assert.deepEqual(await refusals([input("a", "7"), input("b", 7n)]), [null, null]);
});

test("both places of one id are named, by the manifest's lines where there are any", async () => {
  const [, message] = await refusals([input("a", 7n, { line: "m.jsonl:3" }), input("b", 7n, { line: "m.jsonl:9" })]);
  assert.equal(message, 'id "7": expected one image, found a (m.jsonl:3) and b (m.jsonl:9)');
});

test("the first of an id is named by its number when very many came between", async () => {
  function* inputs(): Generator<IngestInput> {
    yield input("a", "x");
    for (let index = 0; index < 10_000; index += 1) yield input(`between ${index}`, BigInt(index));
    yield input("c", "x");
  }
  assert.match((await refusals(inputs())).at(-1) ?? "", /found input 1 and c \(input 10002\)/);
});

test("what is refused already keeps its own reason, and takes no id", async () => {
  const refused = { kind: "skip", reason: "bad_line" } as const;
  assert.deepEqual(await refusals([input("a", "x", { refused }), input("b", "x")]), ["bad_line", null]);
});

test("an image that had an id of its own is not taken once more under a derived one", async () => {
  assert.deepEqual(await refusals([input("a", "x"), input("b"), input("a"), input("a", "y")]), [null, null, "duplicate", null]);
});
