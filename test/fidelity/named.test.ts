/** Models of architectures that people name give the vectors of the official library. `named/make.py` makes them with random weights. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { openTokenizer } from "../../src/adapters/tokenizers/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";

interface Expected {
  readonly images: readonly (readonly number[])[];
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[]; readonly vector: readonly number[] }[];
  /** A hash of the tokens of twenty texts each, by script. */
  readonly sha256?: Readonly<Record<string, readonly string[]>>;
}

const folder = join("test", "fidelity", "named");
const photos = ["chelsea.jpg", "coffee.jpg", "rocket.jpg"].map((name) => join("test", "fidelity", "golden", name));
const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Readonly<Record<string, Expected>>;

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  const [left, right] = [Array.from(a), Array.from(b)];
  return left.reduce((sum, value, at) => sum + value * right[at]!, 0) / (Math.hypot(...left) * Math.hypot(...right));
}

function open(model: string): Promise<ImageEmbeddingPipeline> {
  return ImageEmbeddingPipeline.open(new ServiceConfig({ embedder: { model } }), { parts: "lazy" });
}

const chunk = 20;
const { texts: manyTexts } = JSON.parse(
  gunzipSync(readFileSync(join("test", "fidelity", "clip", "tokenizers.json.gz"))).toString("utf8"),
) as {
  readonly texts: Readonly<Record<string, readonly string[]>>;
};

for (const [name, { images, texts, sha256 }] of Object.entries(expected)) {
  describe(name, () => {
    test("gives the vectors of the official library for images", async () => {
      await using pipeline = await open(join(folder, name));
      const { vectors } = await pipeline.embedImages(photos);
      for (const [at, wanted] of images.entries()) {
        const found = cosine(vectors[at]!, wanted);
        assert.ok(found >= 0.99999, `${photos[at]}: ${found}`);
        for (const other of images) assert.ok(other === wanted || cosine(other, wanted) < 0.98, "the images differ more than that");
      }
    });

    if (texts.length > 0) {
      test("gives the tokens and the vectors of the official library for texts", async () => {
        await using pipeline = await open(join(folder, name));
        const tokenizer = await openTokenizer(join(folder, name, "tokenizer.json"));
        for (const { text, ids, vector } of texts) {
          const found = tokenizer.encode(text, tokenizer.maxTokens);
          const filled = Array.from(ids, (_, at) => found[at] ?? tokenizer.padToken);
          assert.deepEqual(filled, ids, text);
          if (text !== "") assert.ok(cosine(await pipeline.embedText(text), vector) >= 0.99999, text);
        }
      });
    }

    if (sha256 !== undefined) {
      test("gives the tokens of the official library for 10,000 texts in ten scripts", async () => {
        const tokenizer = await openTokenizer(join(folder, name, "tokenizer.json"));
        assert.equal(Object.values(manyTexts).flat().length, 10_000);
        for (const [script, list] of Object.entries(manyTexts)) {
          for (const [index, hash] of sha256[script]!.entries()) {
            const part = list.slice(index * chunk, (index + 1) * chunk);
            const tokens = part.map((text) => tokenizer.encode(text, null));
            const found = createHash("sha256").update(JSON.stringify(tokens)).digest("hex").slice(0, hash.length);
            assert.equal(found, hash, `${script}, one of ${JSON.stringify(part)}`);
          }
        }
      });
    }
  });
}

test("without the name of its architecture, nothing is known of the length of texts and of lower case", async () => {
  const alone = mkdtempSync(join(tmpdir(), "headrace-named-"));
  try {
    for (const file of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(folder, "siglip2", file), join(alone, file));
    const bare = await openTokenizer(join(alone, "tokenizer.json"));
    assert.equal(bare.maxTokens, null);
    assert.notDeepEqual(bare.encode("A CAT", null), bare.encode("a cat", null));
    writeFileSync(join(alone, "config.json"), '{"model_type":"siglip","text_config":{"max_position_embeddings":16}}');
    const known = await openTokenizer(join(alone, "tokenizer.json"));
    assert.equal(known.maxTokens, 16);
    assert.deepEqual(known.encode("A CAT", null), known.encode("a cat", null));
  } finally {
    rmSync(alone, { recursive: true });
  }
});
