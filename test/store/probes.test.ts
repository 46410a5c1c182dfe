/** How much of the vector index a search reads is measured when the index is built. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { vectorSource } from "../../bench/vectors.js";
import { probesFor } from "../../src/adapters/lancedb/table/search-probes.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { openTestStore, type TestStore } from "./stores.js";

const [rows, batchRows, dimension] = [64_000, 4_000, 128];

describe("the number of partitions that a search reads", () => {
  let test: TestStore;
  before(async () => {
    test = await openTestStore();
  });
  after(() => test.close());

  async function measured(data: "embeddings" | "uniform") {
    const collection = await test.store.create(data, { dimension, metric: "cosine", passport: { probes: [[1, 0]], labels: {} } });
    const next = vectorSource(data, { dimension, seed: 3 });
    for (let start = 0; start < rows; start += batchRows) {
      const some = Array.from({ length: batchRows }, (_, at) => ({ id: `row ${start + at}`, vector: [...next()] }));
      await collection.upsert(batchOf(some), calm);
    }
    const queries = Array.from({ length: 160 }, next);
    const exact = await collection.search(queries, { topK: 10 });
    await collection.upkeep("owed", calm);
    const found = await collection.search(queries, { topK: 10 });
    const hits = exact.flatMap((wanted, at) => wanted.filter(({ id }) => found[at]!.some((hit) => hit.id === id)));
    await collection.close();
    const text = readFileSync(join(test.path, `${data}.lance`, "headrace-search.json"), "utf8");
    const { probes, growth } = JSON.parse(text) as { probes: number; growth: number };
    return { probes, growth, recall: hits.length / (queries.length * 10) };
  }

  it("is small for clustered vectors, and covers the index for random ones", async () => {
    const [clustered, random] = [await measured("embeddings"), await measured("uniform")];
    assert.ok(clustered.recall >= 0.99 && random.recall >= 0.99, JSON.stringify({ clustered, random }));
    assert.ok(clustered.probes < random.probes, JSON.stringify({ clustered, random }));
    assert.ok(clustered.growth >= 0.25 && clustered.growth < 0.5, `${clustered.growth}`);
  });

  it("grows with the number of rows to find, as fast as was measured", () => {
    assert.equal(probesFor({ probes: 8, growth: 0.25 }, 10), 8);
    assert.equal(probesFor({ probes: 8, growth: 0.25 }, 5), 8);
    assert.equal(probesFor({ probes: 8, growth: 0.25 }, 160), 16);
    assert.equal(probesFor({ probes: 8 }, 1_000), 80, "a table that an earlier build has measured");
  });
});
