/** What calls refuse when plain JavaScript hands over what no compiler saw, and the options that narrow an answer. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { memoryDecoder, memoryEmbedder, memoryStore } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type ErrorCode, HeadraceError } from "../../src/contracts/index.js";

describe("calls of the library", () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-calls-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const image = Uint8Array.of(1, 2);

  const open = (): Promise<ImageEmbeddingPipeline> =>
    ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: folder } }), {
      own: { store: memoryStore(), decoder: memoryDecoder(), embedder: memoryEmbedder() },
    });

  type Call = (pipeline: ImageEmbeddingPipeline) => Promise<unknown>;
  const wrong: readonly (readonly [what: string, code: ErrorCode, message: RegExp, call: Call])[] = [
    [
      "text instead of inputs",
      "input_invalid",
      /array or an iterable, found text/,
      (p) => p.insertImagesAsync({ inputs: "a.jpg" as never }),
    ],
    ["one image's bytes instead of inputs", "input_invalid", /found bytes/, (p) => p.insertImages({ inputs: image as never })],
    ["inputs that are missing", "input_invalid", /found undefined/, (p) => p.insertImages({} as never)],
    ["text to embed", "input_invalid", /found text/, (p) => p.embedImages("a.jpg" as never)],
    [
      "a misspelt option of an insertion",
      "usage_invalid",
      /"collection".*collectionName/,
      (p) => p.insertImages({ inputs: [image], collection: "x" } as never),
    ],
    ["a misspelt option of a search", "usage_invalid", /"topk".*"topK"/, (p) => p.searchImages(image, { topk: 5 } as never)],
    ["a misspelt option of a creation", "usage_invalid", /"dimension"/, (p) => p.createCollection("x", { dimension: 5 } as never)],
    ["a collection without a name", "usage_invalid", /collection: expected a name, found undefined/, (p) => p.count(undefined as never)],
    [
      "a new collection without a name",
      "usage_invalid",
      /collection: expected a name, found undefined/,
      (p) => p.createCollection(undefined as never),
    ],
  ];
  for (const [what, code, message, call] of wrong) {
    it(`${what}: ${code}`, async () => {
      await using pipeline = await open();
      await assert.rejects(call(pipeline), (error) => HeadraceError.is(error) && error.code === code && message.test(error.message));
    });
  }

  it("a misspelt option of open: usage_invalid", async () => {
    await assert.rejects(
      ImageEmbeddingPipeline.open(new ServiceConfig(), { part: "lazy" } as never),
      /expected a known option, found "part".*"parts"/,
    );
  });

  it("createCollection keeps what is there when asked to, but not what takes other rows", async () => {
    await using pipeline = await open();
    await pipeline.createCollection("pets", { metric: "cosine" });
    await pipeline.insertImages({ inputs: [image], collectionName: "pets" });
    await assert.rejects(pipeline.createCollection("pets"), (error) => HeadraceError.is(error) && error.code === "collection_exists");
    await pipeline.createCollection("pets", { metric: "cosine", ifExists: "keep" });
    assert.equal(await pipeline.count("pets"), 1);
    await assert.rejects(pipeline.createCollection("pets", { metric: "l2", ifExists: "keep" }), /expected metric l2, found cosine/);
    await assert.rejects(pipeline.createCollection("pets", { idType: "int64", ifExists: "keep" }), /expected idType int64, found text/);
  });

  it("hits have the metadata that is asked for, all of it where nothing is said", async () => {
    await using pipeline = await open();
    const metadata = { year: 2024, label: "cat" };
    await pipeline.insertImages({ inputs: [{ input: image, metadata }], collectionName: "pets" });
    const found = async (options: object): Promise<unknown> =>
      (await pipeline.searchImages(image, { collectionName: "pets", ...options }))[0]?.facts.metadata;
    assert.deepEqual(await found({}), metadata);
    assert.deepEqual(await found({ outputFields: ["label", "other"] }), { label: "cat" });
    assert.deepEqual(await found({ outputFields: [] }), {});
  });

  it("names the keys of a filter that no row has", async () => {
    await using pipeline = await open();
    await pipeline.insertImages({ inputs: [{ input: image, metadata: { year: 2024 } }], collectionName: "pets" });
    assert.deepEqual(await pipeline.keysOfNoRow("pets", 'yaer == 2024 or (not exists(year) and startsWith(source, "x"))'), ["yaer"]);
  });
});
