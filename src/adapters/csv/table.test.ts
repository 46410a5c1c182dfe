import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HeadraceError, type TableRow } from "../../contracts/index.js";
import { openCsvTable } from "./table.js";

const folder = mkdtempSync(join(tmpdir(), "csv-"));
after(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

async function read(text: string | Uint8Array, delimiter: "," | "\t" = ",") {
  const path = join(folder, "table.csv");
  writeFileSync(path, text);
  const table = await openCsvTable(path, delimiter, never);
  const names = table.columns.map(({ name }) => name);
  const rows: TableRow[] = [];
  for await (const row of table.rows({ columns: names, id: null }, never)) rows.push(row);
  return { columns: table.columns.map(({ name, kind }) => `${name}:${kind}`), rows };
}

const cells = (rows: readonly TableRow[]) => rows.map((row) => [row.number, ...(row.kind === "cells" ? row.cells : [row.problem])]);

test("a column has numbers or booleans only if all its cells are", async () => {
  const { columns, rows } = await read("path,price,zip,sold,size,none,long\na,1.50,007,True,3,,12345678901234567\nb,,100,false,n/a,,2\n");
  assert.deepEqual(columns, ["path:text", "price:number", "zip:text", "sold:boolean", "size:text", "none:text", "long:text"]);
  assert.deepEqual(cells(rows), [
    [2, "a", 1.5, "007", true, "3", null, "12345678901234567"],
    [3, "b", null, "100", false, "n/a", null, "2"],
  ]);
});

test("quotation marks hold separators, quotation marks and line feeds; a row has the number of its last line", async () => {
  const { rows } = await read('\uFEFFpath,text\r\na,"1,5 ""x"""\r\n\r\nb,"two\r\nlines"\r\nc,5" nail\r\n');
  assert.deepEqual(cells(rows), [
    [2, "a", '1,5 "x"'],
    [5, "b", "two\r\nlines"],
    [6, "c", '5" nail'],
  ]);
});

test("tabs separate the cells of a TSV file", async () => {
  const { columns, rows } = await read("path\tcaption\na\tone, two\n", "\t");
  assert.deepEqual([columns, cells(rows)], [["path:text", "caption:text"], [[2, "a", "one, two"]]]);
});

test("a row with too few or too many cells is set aside with its line", async () => {
  const { rows } = await read("path,year\na,1\nb\nc,3,4\nd,5\n");
  assert.deepEqual(cells(rows), [
    [2, "a", 1],
    [3, "expected 2 cells, as the header has, found 1"],
    [4, "expected 2 cells, as the header has, found 3"],
    [5, "d", 5],
  ]);
});

for (const [name, ending] of [
  ["line feeds", "\n"],
  ["carriage returns and line feeds", "\r\n"],
] as const) {
  for (const mark of ["", "\uFEFF"]) {
    test(`a missing quotation mark costs one line, with ${name}${mark === "" ? "" : " and a byte order mark"}`, async () => {
      const lines = ["path,text", "a,1", "", '"b,2', "c,3", '"d,4', "e,5", ""];
      const { rows } = await read(mark + lines.join(ending));
      assert.deepEqual(
        rows.map(({ number, kind }) => [number, kind]),
        [
          [2, "cells"],
          [4, "damaged"],
          [5, "cells"],
          [6, "damaged"],
          [7, "cells"],
        ],
      );
    });
  }
}

test("a missing quotation mark in a long file costs one line, not the rest of the file", async () => {
  const { rows } = await read(`path,text\na,1\n"b,2\n${`c,${"3".repeat(38)}\n`.repeat(60_000)}`);
  assert.equal(rows.length, 60_002);
  assert.deepEqual([rows[1]?.number, rows[1]?.kind, rows[2]?.number], [3, "damaged", 4]);
  assert.equal(rows.at(-1)?.number, 60_003);
});

test("an empty file and a missing file are refused with the path", async () => {
  await assert.rejects(
    read(""),
    (error) => HeadraceError.is(error) && error.code === "input_invalid" && /found an empty file/.test(error.message),
  );
  await assert.rejects(
    openCsvTable(join(folder, "none.csv"), ",", never),
    (error) => HeadraceError.is(error) && /none\.csv cannot be read/.test(error.message),
  );
});
