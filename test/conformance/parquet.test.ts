import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createParquetRows, openParquetRows } from "../../src/adapters/parquet/index.js";
import { allRows, description, fileColumns, oddRows, row, rowFileConformance } from "./row-files.js";

rowFileConformance("Parquet", {
  ending: "parquet",
  create: (path, collection, columns) => createParquetRows(path, { ...collection, columns }),
  open: openParquetRows,
});

describe("the columns of a Parquet file", () => {
  it("are fixed before the first row: a row with another key or type fails, the others are written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-parquet-"));
    try {
      const path = join(folder, "x.parquet");
      const writer = await createParquetRows(path, { ...description, columns: fileColumns });
      const misfits = [row("new key", { iso: 100 }, [1, 1, 1]), row("new type", { year: "2020" }, [1, 1, 1])];
      const failures = await writer.write([misfits[0]!, ...oddRows, misfits[1]!]);
      assert.deepEqual(
        failures.map(({ index, error }) => [index, error.code]),
        [
          [0, "metadata_type"],
          [oddRows.length + 1, "metadata_type"],
        ],
      );
      await writer.finish();
      const origin = await openParquetRows(path);
      assert.deepEqual(await allRows(origin), oddRows);
      await origin.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
