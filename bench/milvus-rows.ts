/** The same rows for everybody who writes into Milvus in a benchmark. */
import type { ImageFacts, RowBatch } from "../src/contracts/index.js";

export const dimension = 512;

const vectors = Float32Array.from({ length: 1000 * dimension }, (_, at) => Math.sin(at * 0.37));
const facts: ImageFacts = {
  source: "file:///photos/2020/holidays/image.jpg",
  root: "file:///photos",
  version: "1234567:1600000000000000000:1600000000000000000",
  content: "0".repeat(64),
  metadata: { camera: "X100" },
  metadataHash: "0".repeat(32),
  width: 4000,
  height: 3000,
};

export function batchOf(from: number, size: number): RowBatch {
  return {
    ids: idsOf(from, size),
    vectors: vectors.subarray(0, size * dimension),
    dimension,
    facts: Array(size).fill(facts),
    ingestedAt: 1,
  };
}

export function idsOf(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (from + index).toString(16).padStart(32, "0"));
}
