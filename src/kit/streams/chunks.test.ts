import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf } from "./chunks.js";

test("chunks hold everything in order, and only the last one is shorter", () => {
  assert.deepEqual([...chunksOf([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
  assert.deepEqual([...chunksOf([1, 2], 2)], [[1, 2]]);
  assert.deepEqual([...chunksOf([], 2)], []);
});
