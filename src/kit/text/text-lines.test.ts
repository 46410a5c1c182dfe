import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boundedLines, textLines } from "./text-lines.js";

test("lines are the same however the text is cut, and end at line feeds alone", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", '"', "\u2028", "\u2029", "\r", "é") });
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 5 }), async (lines, size) => {
      const text = lines.map((each) => `${each}\n`).join("");
      assert.deepEqual(await collected(pieces(text, size)), lines);
    }),
  );
});

test("a last line without an end counts", async () => {
  assert.deepEqual(await collected(pieces("one\ntwo", 2)), ["one", "two"]);
});

test("a byte order mark at the beginning is no part of the first line", async () => {
  for (const size of [1, 4, 100]) assert.deepEqual(await collected(pieces("\uFEFFone\ntwo \uFEFF", size)), ["one", "two \uFEFF"]);
});

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function collected(from: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of textLines(from)) all.push(line);
  return all;
}

test("a line that is too long is null, and the lines around it are whole", async () => {
  for (const size of [1, 3, 100]) {
    const all: (string | null)[] = [];
    for await (const line of boundedLines(pieces("one\n12345\n123456\n\n1234567", size), { maxLength: 5 })) all.push(line);
    assert.deepEqual(all, ["one", "12345", null, "", null]);
  }
});

test("half a gigabyte without a line feed is one line that is too long, in bounded memory", { timeout: 60_000 }, async () => {
  const piece = "x".repeat(1 << 20);
  async function* endless(): AsyncGenerator<string> {
    for (let at = 0; at < 600; at += 1) yield piece;
    yield "\nlast";
  }
  const all: (string | null)[] = [];
  for await (const line of boundedLines(endless())) all.push(line);
  assert.deepEqual(all, [null, "last"]);
});
