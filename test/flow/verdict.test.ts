/** Every run says what held it back: the right stage is named, whichever it is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { type Pace, pacedImages, pacedParts } from "../fakes/paced-parts.js";

const quick: Pace = { sourceMs: 0, decodeMs: 2, batchMs: 2, imageMs: 0.2, writeMs: 5 };

interface Scenario {
  readonly limit: string;
  readonly pace: Partial<Pace>;
  readonly images: number;
  /** What the first advice changes; null: nothing can be advised. */
  readonly setting: string | null;
  readonly sentence: RegExp;
}

const scenarios: readonly Scenario[] = [
  {
    limit: "decode",
    pace: { decodeMs: 40 },
    images: 360,
    setting: "async_pipeline.preprocess_workers",
    sentence:
      /^decode is the limit: .* Model busy \d+ % \(its server's figure\); it waited for decode\. async_pipeline\.preprocess_workers 2 → /,
  },
  {
    limit: "embed",
    pace: { batchMs: 40, imageMs: 8 },
    images: 330,
    setting: null,
    sentence: /^embed is the limit: .*the model on its server is the limit/,
  },
  {
    limit: "store",
    pace: { writeMs: 1_000 },
    images: 900,
    setting: "async_pipeline.insert_workers",
    sentence: /^store is the limit: .*async_pipeline\.insert_workers 2 → /,
  },
  {
    limit: "source",
    pace: { sourceMs: 15 },
    images: 230,
    setting: null,
    sentence: /^No stage was busy for long .*the source delivers too slowly/,
  },
];

describe("the verdict on a run", { concurrency: true }, () => {
  for (const { limit, pace, images, setting, sentence } of scenarios) {
    test(`names the limit where it is: ${limit}`, async () => {
      const config = new ServiceConfig({ asyncPipeline: { insertBatchSize: 50, preprocessWorkers: 2, insertWorkers: 2 } });
      const paced = { ...quick, ...pace };
      await using pipeline = await ImageEmbeddingPipeline.open(config, { own: pacedParts(paced) });
      const { stats } = await pipeline.insertImagesAsync({ inputs: pacedImages(images, paced), collectionName: "paced" });
      assert.equal(stats.stored, images);
      assert.equal(stats.limit?.stage, limit, stats.verdict);
      assert.equal(stats.limit?.advice[0]?.setting ?? null, setting, stats.verdict);
      assert.match(stats.verdict, sentence);
      assert.equal(stats.gpu?.source, "model");
      if (limit === "embed") assert.ok((stats.gpu?.busyShare ?? 0) > 0.9, stats.verdict);
    });
  }

  test("a run that was too short says so", async () => {
    await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(), { own: pacedParts(quick) });
    const { stats } = await pipeline.insertImagesAsync({ inputs: pacedImages(10, quick), collectionName: "paced" });
    assert.deepEqual([stats.limit, stats.gpu, stats.verdict], [null, null, "The run was too short to say what limits it."]);
  });
});
