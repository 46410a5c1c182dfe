import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Table } from "@lancedb/lancedb";
import { type TableState, tableState } from "./table-state.js";
import { CompactionSchedule, owesCompaction } from "./upkeep.js";

const fresh: TableState = {
  rows: 50_000,
  fragments: 1,
  smallFragments: 1,
  largestFragment: 50_000,
  oldVersions: "few",
  indexes: new Map(),
};
const withIndex = (unindexedRows: number, parts = 1) => new Map([["vector", { unindexedRows, parts }]]);

describe("what a table owes", () => {
  it("a compacted table owes nothing", () => {
    assert.equal(owesCompaction(fresh), false);
    assert.equal(owesCompaction({ ...fresh, indexes: withIndex(0, 8), smallFragments: 9 }), false);
  });

  it("fragments are merged when there are enough of them; a merge that rewrites more rows needs more", () => {
    const owing = (rows: number, smallFragments: number) => owesCompaction({ ...fresh, rows, largestFragment: rows, smallFragments });
    assert.deepEqual([owing(9_000, 63), owing(9_000, 64)], [false, true]);
    assert.deepEqual([owing(90_000, 299), owing(90_000, 300)], [false, true]);
    assert.deepEqual([owing(10_000_000, 511), owing(10_000_000, 512)], [false, true]);
    const indexed = (smallFragments: number) => owesCompaction({ ...fresh, rows: 1_000_000, smallFragments, indexes: withIndex(99, 5) });
    assert.deepEqual([indexed(129), indexed(130)], [false, true]);
  });

  it("a few fragments are merged when they hold a large share of the rows, but not under a vector index", () => {
    const scattered = { ...fresh, smallFragments: 8, largestFragment: 30_000 };
    assert.equal(owesCompaction(scattered), true);
    assert.equal(owesCompaction({ ...scattered, smallFragments: 7 }), false);
    assert.equal(owesCompaction({ ...scattered, largestFragment: 40_000 }), false);
    assert.equal(owesCompaction({ ...scattered, indexes: withIndex(0, 8) }), false);
    assert.equal(owesCompaction({ ...scattered, rows: 5_000_000 }), false);
  });

  it("thousands of rows outside the vector index are added to it", () => {
    assert.deepEqual(
      [3_999, 4_000].map((rows) => owesCompaction({ ...fresh, indexes: withIndex(rows) })),
      [false, true],
    );
  });

  it("versions are removed when many of them are old", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-versions-"));
    const table = {
      stats: async () => ({ numRows: 1, fragmentStats: { numSmallFragments: 1, lengths: { max: 1 } } }),
      listIndices: async () => [],
    } as unknown as Table;
    const age = async (version: number, ageMs: number) => {
      const path = join(folder, "_versions", `${2n ** 64n - 1n - BigInt(version)}.manifest`);
      await writeFile(path, "");
      await utimes(path, new Date(), new Date(Date.now() - ageMs));
    };
    try {
      await mkdir(join(folder, "_versions"));
      for (let version = 1; version <= 127; version += 1) await age(version, 3_600_000);
      for (let version = 128; version <= 300; version += 1) await age(version, 1_000);
      assert.equal((await tableState(table, folder, 600_000)).oldVersions, "few");
      await age(128, 3_600_000);
      const state = await tableState(table, folder, 600_000);
      assert.equal(state.oldVersions, "many");
      assert.equal(owesCompaction(state), true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("during a long series of writes compaction is checked each time their number has doubled, and at least every 1,000 writes", () => {
    const schedule = new CompactionSchedule();
    const due = Array.from({ length: 5_000 }, (_, at) => (schedule.wrote() ? at + 1 : 0)).filter((at) => at > 0);
    assert.deepEqual(due, [100, 200, 400, 800, 1_600, 2_600, 3_600, 4_600]);
  });
});
