import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { partsToMerge } from "./first-merge.js";

describe("the files of a table before its first vector index", () => {
  const fragments = (sizes: readonly number[]) => sizes.map((rows, id) => ({ id, rows }));
  const merged = (sizes: readonly number[]) => partsToMerge(fragments(sizes)).map((part) => part.map(({ id }) => id));
  const many = (count: number, rows: number) => Array.from({ length: count }, () => rows);
  const rowsOf = (sizes: readonly number[]) => partsToMerge(fragments(sizes)).map((part) => part.reduce((sum, { rows }) => sum + rows, 0));

  it("become one file if the table is small", () => {
    assert.deepEqual(merged([4_000, 4_000, 17_000]), [[0, 1, 2]]);
    assert.deepEqual(merged([25_000]), []);
  });

  it("become about four files, however many rows there are, until a file has as many rows as LanceDB writes", () => {
    assert.deepEqual(
      rowsOf(many(245, 4_096)),
      many(4, 61 * 4_096)
        .concat([4_096])
        .slice(0, 4),
    );
    assert.deepEqual(rowsOf(many(3_000, 4_096)), [...many(11, 256 * 4_096), 184 * 4_096]);
  });

  it("are not written again if they are large already, as after a merge that was stopped", () => {
    assert.deepEqual(merged([250_000, 250_000, 250_000, 4_000, 4_000]), [[3, 4]]);
    assert.deepEqual(merged([4_000, 4_000, 250_000, 4_000, 250_000, 4_000, 4_000]), [
      [0, 1],
      [5, 6],
    ]);
    assert.deepEqual(merged([260_000, 250_000, 240_000, 250_000]), []);
  });
});
