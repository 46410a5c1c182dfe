import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GrowthSchedule, isLargestApart } from "./growing-table.js";
import type { IndexState, TableState } from "./table-state.js";

const facts = { index: "auto", dimension: 1_024 };
const mib = 1024 * 1024;

function state(rows: number, largestFragment: number, indexes: readonly (readonly [string, IndexState])[] = []): TableState {
  return { rows, fragments: 2, smallFragments: 2, largestFragment, oldVersions: "few", indexes: new Map(indexes) };
}

describe("the files of a growing table", () => {
  it("are merged each time that the table has doubled, from a certain size on", () => {
    const schedule = new GrowthSchedule(facts, 128 * mib);
    const merged: number[] = [];
    let [rows, largest] = [0, 0];
    for (let commit = 0; commit < 200; commit += 1) {
      schedule.wrote(4_096);
      rows += 4_096;
      if (!schedule.isDue || !schedule.look(state(rows, Math.max(largest, 4_096)))) continue;
      largest = rows;
      merged.push(rows);
      schedule.look(state(rows, largest));
    }
    assert.deepEqual(merged, [36_864, 73_728, 147_456, 294_912, 589_824]);
  });

  it("are not merged again while few rows are new, also if an earlier process wrote the table", () => {
    const schedule = new GrowthSchedule(facts, 128 * mib);
    schedule.wrote(40_000);
    assert.equal(schedule.look(state(340_000, 300_000)), false);
    schedule.wrote(259_999);
    assert.equal(schedule.isDue, false);
    schedule.wrote(1);
    assert.equal(schedule.isDue, true);
  });

  it("are not merged if the table has a vector index, or gets none", () => {
    for (const [given, indexes] of [
      [facts, [["vector", { unindexedRows: 0, parts: 1 }]]],
      [{ ...facts, index: "none" }, []],
    ] as const) {
      const schedule = new GrowthSchedule(given, mib);
      schedule.wrote(100_000);
      assert.equal(schedule.look(state(100_000, 4_096, indexes)), false);
      schedule.wrote(1_000_000);
      assert.equal(schedule.isDue, false);
    }
  });

  it("are apart from the largest one if the index on keys has only the rows of that one", () => {
    const id = (unindexedRows: number) => [["id", { unindexedRows, parts: 1 }]] as const;
    assert.equal(isLargestApart(state(100, 60, id(40))), true);
    assert.equal(isLargestApart(state(100, 60, id(39))), false);
    assert.equal(isLargestApart(state(100, 60)), false);
  });
});
