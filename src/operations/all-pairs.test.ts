/** All pairs of near rows are found, whatever the metric, and however many blocks the rows are in. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore } from "../adapters/memory/index.js";
import type { Collection, Key, Metric } from "../contracts/index.js";
import { metadataHash, scoreOf } from "../kit/index.js";
import { comparePairs } from "./all-pairs.js";

const { signal } = new AbortController();

/** A generator of its own, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** Rows of which each third is near the one before it. */
function vectorsOf(rows: number, dimension: number, seed: number): readonly Float32Array[] {
  const next = numbers(seed);
  const vectors: Float32Array[] = [];
  for (let row = 0; row < rows; row += 1) {
    const before = row % 3 === 2 ? vectors.at(-1) : undefined;
    vectors.push(Float32Array.from({ length: dimension }, (_, at) => (before === undefined ? next() : before[at]! + next() * 0.3)));
  }
  return vectors;
}

async function collectionOf(vectors: readonly Float32Array[], metric: Metric): Promise<Collection> {
  const dimension = vectors[0]!.length;
  const collection = await memoryStore().create("photos", { dimension, metric, passport: { probes: [[1]], labels: {} } });
  const facts = vectors.map((_, row) => ({
    source: `${row}`,
    root: "",
    version: "1",
    content: "",
    metadata: {},
    metadataHash: metadataHash({}),
    width: 1,
    height: 1,
  }));
  const ids = vectors.map((_, row) => `${row}`);
  await collection.upsert(
    { ids, vectors: Float32Array.from(vectors.flatMap((vector) => [...vector])), dimension, facts, ingestedAt: 0 },
    signal,
  );
  return collection;
}

async function foundPairs(
  vectors: readonly Float32Array[],
  metric: Metric,
  threshold: number,
  blockBytes: number,
): Promise<readonly string[]> {
  const pairs: string[] = [];
  const onPair = (a: Key, b: Key) => void pairs.push([a, b].sort().join(" "));
  const options = { threshold, rows: vectors.length, takes: () => true, onPair, signal, blockBytes };
  await comparePairs(await collectionOf(vectors, metric), options);
  return pairs.sort();
}

function expectedPairs(vectors: readonly Float32Array[], metric: Metric, threshold: number): readonly string[] {
  return vectors
    .flatMap((a, row) =>
      vectors.slice(0, row).flatMap((b, other) => (scoreOf(metric, a, b) >= threshold ? [[`${row}`, `${other}`].sort().join(" ")] : [])),
    )
    .sort();
}

describe("all pairs", () => {
  for (const [metric, threshold] of [
    ["cosine", 0.8],
    ["cosine", 0.2],
    ["ip", 2],
    ["l2", -1],
  ] as const) {
    test(`are those with a score of ${threshold} for ${metric}, each once, in one block and in many`, async () => {
      for (const dimension of [2, 9, 40]) {
        const vectors = vectorsOf(300, dimension, dimension);
        const expected = expectedPairs(vectors, metric, threshold);
        assert.equal(new Set(expected).size, expected.length);
        for (const blockBytes of [1_000_000, 300 * dimension]) {
          assert.deepEqual(await foundPairs(vectors, metric, threshold, blockBytes), expected, `${dimension} numbers, ${blockBytes} bytes`);
        }
        if (metric !== "ip") assert.ok(expected.length >= 50, `${expected.length} pairs of ${dimension} numbers`);
      }
    });
  }

  test("are none among vectors of zeros, and of one row", async () => {
    assert.deepEqual(await foundPairs([new Float32Array(4), new Float32Array(4)], "cosine", 0.9, 1_000), []);
    assert.deepEqual(await foundPairs([Float32Array.of(1, 2)], "cosine", 0.9, 1_000), []);
  });

  test("end when the call is aborted", async () => {
    const stop = new AbortController();
    const collection = await collectionOf(vectorsOf(100, 4, 1), "cosine");
    stop.abort();
    const options = { threshold: 0.9, rows: 100, takes: () => true, onPair: () => undefined };
    await assert.rejects(comparePairs(collection, { ...options, signal: stop.signal }), { code: "aborted" });
  });
});
