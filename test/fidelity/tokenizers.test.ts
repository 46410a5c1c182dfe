/** Tokenizers give the tokens of the Python library on 10,000 texts in ten scripts. `scripts/small-clip.py` makes the texts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { openTokenizer } from "../../src/adapters/tokenizers/index.js";
import { HeadraceError } from "../../src/contracts/index.js";

interface Fixture {
  /** 1,000 texts for each script. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly tokenizers: Readonly<Record<string, object>>;
  /** A hash of the tokens of twenty texts each, by tokenizer and script. */
  readonly sha256: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const chunk = 20;
const clip = join("test", "fidelity", "clip");
const fixture = JSON.parse(gunzipSync(readFileSync(join(clip, "tokenizers.json.gz"))).toString("utf8")) as Fixture;
const folder = mkdtempSync(join(tmpdir(), "headrace-tokenizers-"));
after(() => rmSync(folder, { recursive: true }));

test("the texts are 10,000 in ten scripts", () => {
  const lists = Object.values(fixture.texts);
  assert.deepEqual([lists.length, lists.flat().length], [10, 10_000]);
});

for (const [name, file] of Object.entries(fixture.tokenizers)) {
  describe(`a tokenizer of the kind ${name}`, () => {
    for (const [script, texts] of Object.entries(fixture.texts)) {
      test(`gives Python's tokens for ${texts.length} texts: ${script}`, async () => {
        const path = join(folder, `${name}.json`);
        writeFileSync(path, JSON.stringify(file));
        const tokenizer = await openTokenizer(path);
        const expected = fixture.sha256[name]![script]!;
        for (const [index, hash] of expected.entries()) {
          const part = texts.slice(index * chunk, (index + 1) * chunk);
          const tokens = part.map((text) => tokenizer.encode(text, null));
          const found = createHash("sha256").update(JSON.stringify(tokens)).digest("hex").slice(0, hash.length);
          assert.equal(found, hash, `one of ${JSON.stringify(part)}`);
        }
      });
    }
  });
}

test("a long text is cut as in Python, and keeps its special tokens", async () => {
  const tokenizer = await openTokenizer(join(clip, "model", "tokenizer.json"));
  const { texts } = JSON.parse(readFileSync(join(clip, "vectors.json"), "utf8")) as { texts: readonly { text: string; ids: number[] }[] };
  assert.equal(tokenizer.maxTokens, 16);
  assert.ok(texts.some(({ ids }) => ids.length === 16) && texts.some(({ ids }) => ids.length === 2));
  for (const { text, ids } of texts) assert.deepEqual(tokenizer.encode(text, tokenizer.maxTokens), ids, text);
});

test("a file that is no tokenizer is refused with its name and the setting", async () => {
  const path = join(folder, "broken.json");
  for (const content of ["{", "{}", '{"model":{"type":"Other"}}']) {
    writeFileSync(path, content);
    await assert.rejects(
      openTokenizer(path),
      (error) => HeadraceError.is(error) && error.code === "model_invalid" && error.item === path && error.hint.includes("embedder.text"),
    );
  }
});
