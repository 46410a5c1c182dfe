/** Tables that pyarrow, pandas and DuckDB have written: each column arrives with its values, as Python's lancedb reads them, or is named as left out. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { ImageEmbeddingPipeline, ListingTally, listInputs, ServiceConfig } from "../../src/app/index.js";
import { skipUnless } from "../support/services/required.js";
import { installVenv } from "../support/services/venv.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../test/sources/table-types.py", import.meta.url));
const packages = ["pyarrow==26.0.1", "pandas==3.1.1", "duckdb==2.0.1", "lancedb==0.40.0"];
const python = () => installVenv({ name: "tables", installs: [packages] });
const skip = await skipUnless("Python's pyarrow, pandas and DuckDB", python);

type Value = string | number | boolean | null;
type Column = readonly Value[] | { readonly leftOut: string };

interface Expected {
  readonly ids: readonly string[];
  readonly tables: Readonly<Record<string, Readonly<Record<string, Column>>>>;
}

type Rows = Readonly<Record<string, Readonly<Record<string, Value>>>>;

const names = [
  ...["arrow_default", "arrow_no_statistics", "arrow_v1", "arrow_dec_int", "arrow_int96"],
  ...["pandas_parquet", "pandas_csv", "pandas_semicolons", "pandas_index", "pandas_tabs", "duckdb_parquet", "duckdb_v2"],
];

describe("tables of other programs", { skip }, () => {
  let folder = "";
  let expected: Expected = { ids: [], tables: {} };
  let stored: Readonly<Record<string, Rows>> = {};
  const leftOut: Record<string, ListingTally["leftOutColumns"]> = {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "headrace-table-types-"));
    const { python: command } = await python();
    await run(command, [script, "write", folder]);
    expected = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as Expected;
    const data = join(folder, "data");
    const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
    await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path: data } }), { own });
    for (const file of (await readdir(folder)).filter((name) => /\.(parquet|csv|tsv)$/.test(name))) {
      const collectionName = file.slice(0, file.lastIndexOf("."));
      const tally = new ListingTally();
      const inputs = listInputs({ paths: [join(folder, file)], onLeftOutColumn: tally.onLeftOutColumn });
      const outcomes: string[] = [];
      const { done } = await pipeline.ingest({
        inputs,
        collectionName,
        schedule: "overlapped",
        onOutcome: (outcome) => void (outcome.kind === "failed" && outcomes.push(outcome.error.message)),
      });
      assert.deepEqual([(await done).stored, outcomes], [3, []], file);
      leftOut[collectionName] = tally.leftOutColumns;
    }
    const { stdout } = await run(command, [script, "rows", data], { maxBuffer: 64 * 1024 * 1024 });
    stored = JSON.parse(stdout) as Readonly<Record<string, Rows>>;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("all tables are there", () => {
    assert.deepEqual(Object.keys(expected.tables).sort(), [...names].sort());
    assert.deepEqual(Object.keys(stored).sort(), [...names].sort());
  });

  for (const name of names) {
    test(`${name}: no value is lost or changed without a word, and ids are as they were written`, () => {
      const columns = Object.entries(expected.tables[name] ?? {});
      const rows = stored[name] ?? {};
      assert.deepEqual(Object.keys(rows).sort(), [...expected.ids].sort());
      const isValues = (column: Column): column is readonly Value[] => Array.isArray(column);
      for (const [at, id] of expected.ids.entries()) {
        const given = columns.flatMap(([key, column]) => (isValues(column) ? [[key, column[at] ?? null] as const] : []));
        const found = given.map(([key]) => [key, rows[id]?.[key] ?? null] as const);
        assert.deepEqual(Object.fromEntries(found), Object.fromEntries(given), `row ${id}`);
      }
      const unknown = Object.keys(rows[expected.ids[0] ?? ""] ?? {}).filter(
        (key) => key !== "id" && !columns.some(([name]) => name === key),
      );
      assert.deepEqual(unknown, []);
      assert.deepEqual(
        leftOut[name]?.map(({ column, reason }) => [column, { leftOut: reason }]),
        columns.filter(([, column]) => !isValues(column)),
      );
    });
  }
});
