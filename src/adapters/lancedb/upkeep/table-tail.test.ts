import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rowsToMerge } from "./table-tail.js";

describe("the newest fragments", () => {
  const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

  it("are merged when there are many of them", () => {
    assert.equal(rowsToMerge([]), 0);
    assert.equal(rowsToMerge(ones(15)), 0);
    assert.equal(rowsToMerge(ones(16)), 16);
  });

  it("are merged without an older one that has more rows than all of them", () => {
    assert.equal(rowsToMerge([...ones(15), 4_000]), 0);
    assert.equal(rowsToMerge([...ones(16), 17]), 16);
    assert.equal(rowsToMerge([...ones(16), 16]), 32);
    assert.equal(rowsToMerge([...ones(16), 16, 33, 66]), 32);
  });

  it("stay few, and each row is written few times, when rows come one at a time", () => {
    let sizes: number[] = [];
    let [written, most] = [0, 0];
    for (let row = 0; row < 4_000; row += 1) {
      sizes.unshift(1);
      let rows = rowsToMerge(sizes);
      most = Math.max(most, sizes.length);
      if (rows === 0) continue;
      written += rows;
      const merged = rows;
      while (rows > 0) rows -= sizes.shift()!;
      sizes = [merged, ...sizes];
    }
    assert.ok(most <= 25, `${most} fragments`);
    assert.ok(written <= 10 * 4_000, `${written} rows were written again`);
  });
});
