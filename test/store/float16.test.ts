/** Vectors of float16 numbers: half the space, and nearly the same answers. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { vectorSource } from "../../bench/vectors.js";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import type { Collection } from "../../src/contracts/index.js";
import { float16ToFloat32, float32ToFloat16 } from "../../src/kit/index.js";
import { batchOf, calm } from "../conformance/store-rows-data.js";
import { passport } from "./rows.js";

const [count, dimension, topK] = [6_000, 64, 10];

describe("vectors of float16 numbers in LanceDB", () => {
  const next = vectorSource("embeddings", { dimension, seed: 5 });
  const vectors = Array.from({ length: count }, () => next());
  const queries = Array.from({ length: 40 }, () => next());
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-float16-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function withCollection<T>(
    vectorType: "float32" | "float16",
    access: "create" | "write",
    run: (collection: Collection) => Promise<T>,
  ): Promise<T> {
    const store = lancedbStore({ path: join(folder, vectorType), vectorType });
    await store.open?.(calm);
    const collection =
      access === "create"
        ? await store.create("photos", { dimension, metric: "cosine", passport, index: "ivf_rq" })
        : await store.openCollection("photos", access);
    try {
      return await run(collection);
    } finally {
      await collection.close();
      await store.close?.();
    }
  }

  const filled = (vectorType: "float32" | "float16") =>
    withCollection(vectorType, "create", async (collection) => {
      for (let start = 0; start < count; start += 2_000) {
        const rows = vectors.slice(start, start + 2_000).map((vector, at) => ({ id: `row ${start + at}`, vector: [...vector] }));
        assert.deepEqual(await collection.upsert(batchOf(rows), calm), []);
      }
      const exact = await collection.search(queries, { topK });
      await collection.upkeep("all", calm);
      assert.equal((await collection.stats()).index, "ivf_rq");
      return { exact, indexed: await collection.search(queries, { topK }) };
    });

  it("take half the space, find the same rows, and have scores that differ by less than 0.001", async () => {
    const [single, half] = [await filled("float32"), await filled("float16")];
    const wanted = single.exact.map((hits) => new Map(hits.map(({ id, score }) => [id, score])));
    for (const found of [half.exact, half.indexed]) {
      const hits = found.flatMap((list, query) => list.filter(({ id }) => wanted[query]?.has(id)));
      assert.ok(hits.length >= 0.99 * queries.length * topK, `${hits.length} of ${queries.length * topK}`);
      for (const [query, list] of found.entries())
        for (const { id, score } of list) assert.ok(Math.abs(score - (wanted[query]?.get(id) ?? score)) < 0.001, `${id} ${score}`);
    }
    const ratio = (await vectorBytes("float16")) / (await vectorBytes("float32"));
    assert.ok(ratio < 0.75, `${ratio} of the space, with keys and facts`);
  });

  it("are the given numbers, rounded to the nearest float16, whoever opens the table later", async () => {
    await withCollection("float16", "write", async (collection) => {
      const [row] = await collection.get(["row 7"], { vectors: "include" });
      assert.deepEqual(row?.vector, float16ToFloat32(float32ToFloat16(vectors[7]!)));
    });
    const store = lancedbStore({ path: join(folder, "float16") });
    await store.open?.(calm);
    const collection = await store.openCollection("photos", "write");
    assert.deepEqual(await collection.upsert(batchOf([{ id: "late", vector: [...queries[0]!] }]), calm), []);
    const [[best] = []] = await collection.search([queries[0]!], { topK: 1 });
    assert.equal(best?.id, "late");
    await collection.close();
    await store.close?.();
  });

  it("refuse numbers that float16 cannot hold, of the row that has them alone", async () => {
    await withCollection("float16", "write", async (collection) => {
      const large = [70_000, ...Array(dimension - 1).fill(0)];
      const tiny = [1e-9, ...Array(dimension - 1).fill(0)];
      const failures = await collection.upsert(
        batchOf([
          { id: "large", vector: large },
          { id: "tiny", vector: tiny },
          { id: "good", vector: [...queries[1]!] },
        ]),
        calm,
      );
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code, error.message]),
        [
          [0, "vector_invalid", "vector: expected finite numbers, found 70000, which float16 cannot hold"],
          [1, "vector_invalid", "vector: expected finite numbers, found only zeros"],
        ],
      );
      assert.equal((await collection.known(["large", "tiny", "good"], calm)).size, 1);
    });
  });

  /** Size of the files of rows, without indexes. */
  async function vectorBytes(vectorType: string): Promise<number> {
    const data = join(folder, vectorType, "photos.lance", "data");
    const sizes = await Promise.all((await readdir(data)).map(async (file) => (await stat(join(data, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
});
