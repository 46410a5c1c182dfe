/** Tables as inputs: CSV, TSV, JSON lines, lists of URLs and Parquet name or contain images, with ids and metadata. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { imageServer } from "../sources/image-server.js";
import { writeParquet } from "../support/parquet-table.js";
import { ended, type Workspace, workspace } from "./command.js";
import { untilSettled } from "./settled.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly { readonly source: string; readonly code: string; readonly message: string; readonly hint: string }[];
}

interface Row {
  readonly id: string;
  readonly source: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const golden = resolve("test", "fidelity", "golden");
const photos = ["coffee.jpg", "chelsea.jpg"] as const;
const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];

/** A folder `data` with two photos, and tables beside them. */
async function space(files: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const made = await workspace();
  await mkdir(join(made.folder, "data"));
  for (const photo of photos) await copyFile(join(golden, photo), join(made.folder, "data", photo));
  for (const [name, text] of Object.entries(files)) await writeFile(join(made.folder, "data", name), text);
  return made;
}

/** All rows as the search finds them, by id. */
async function rowsOf(made: Workspace): Promise<readonly Row[]> {
  const { hits } = await made.json<{ hits: Row[] }>(0, "search", join("data", "coffee.jpg"), "--top-k", "100");
  return [...hits].sort((a, b) => (a.id < b.id ? -1 : 1));
}

for (const [name, separator] of [
  ["photos.csv", ","],
  ["photos.tsv", "\t"],
] as const) {
  test(`${name}: images, ids and metadata come from the columns, relative to the table's folder`, async () => {
    const lines = [
      ["id", "image_path", "Year", "width", "code", "sold", "note"],
      ["a-1", "coffee.jpg", "2024", "640", "007", "true", "hot"],
      ["b-2", "chelsea.jpg", "1999.5", "451", "100", "false", ""],
    ];
    await using made = await space({ [name]: lines.map((cells) => `${cells.join(separator)}\n`).join("") });
    assert.deepEqual(counts(await made.json<Document>(0, "ingest", join("data", name))), [2, 2, 0, 0]);
    assert.deepEqual(
      (await rowsOf(made)).map(({ id, metadata }) => [id, metadata]),
      [
        ["a-1", { year: 2024, width_: 640, code: "007", sold: true, note: "hot" }],
        ["b-2", { year: 1999.5, width_: 451, code: "100", sold: false }],
      ],
    );
  });
}

test("a damaged row, a missing image and an empty cell fail alone, with table and line", async () => {
  await using made = await space({ "t.csv": 'path,year\ncoffee.jpg,1\n"chelsea.jpg,2\nnone.jpg,3\n,4\nchelsea.jpg\nchelsea.jpg,6\n' });
  const document = await made.json<Document>(3, "ingest", "data/t.csv");
  assert.deepEqual(counts(document), [6, 2, 0, 4]);
  const path = join(made.folder, "data", "t.csv");
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]).sort(),
    [
      [`${path}:3`, "input_invalid"],
      [`${path}:5`, "input_invalid"],
      [`${path}:6`, "input_invalid"],
      [`file://${join(made.folder, "data", "none.jpg")}`, "source_not_found"],
    ].sort(),
  );
  const { code, stderr } = await made.run("ingest", "data/t.csv", "--on-bad-line", "skip");
  assert.equal(code, 3);
  assert.match(stderr, /3 lines .* were skipped, the first: .*t\.csv:3: /);
});

test("flags name the columns; without a fitting one the message lists them", async () => {
  await using made = await space({ "t.csv": "bild,nummer,preis,farbe\ncoffee.jpg,1,2.5,braun\nchelsea.jpg,2,3,rot\n" });
  const { code, stdout } = await made.run("ingest", "data/t.csv", "--json");
  assert.equal(code, 2);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
  assert.equal(error.code, "input_invalid");
  assert.match(error.message, /t\.csv: expected a column with images.*found the columns bild, nummer, preis, farbe/);
  assert.match(error.hint, /--image-column/);
  const flags = ["--image-column", "bild", "--id-column", "nummer", "--metadata-columns", "preis"];
  assert.deepEqual(counts(await made.json<Document>(0, "ingest", "data/t.csv", ...flags)), [2, 2, 0, 0]);
  assert.deepEqual(
    (await rowsOf(made)).map(({ id, metadata }) => [id, metadata]),
    [
      ["1", { preis: 2.5 }],
      ["2", { preis: 3 }],
    ],
  );
});

test("lists and JSON lines in the place of a file, and a glob of tables, count paths from their own folder", async () => {
  await using server = await imageServer({
    "/a.jpg": (_, response) => void readFile(join(golden, "coffee.jpg")).then((bytes) => response.writeHead(200).end(bytes)),
  });
  await using made = await space({
    "list.txt": `coffee.jpg\r\n\n${server.url}/a.jpg\n`,
    "m.jsonl": '{"input":"chelsea.jpg","id":"cat","metadata":{"animal":true}}\n{bad\n',
    "1.csv": "url,n\ncoffee.jpg,1\n",
    "2.csv": `url,n\n${server.url}/a.jpg,2\n`,
  });
  assert.deepEqual(counts(await made.json<Document>(0, "ingest", "data/list.txt")), [2, 2, 0, 0]);
  assert.deepEqual(counts(await made.json<Document>(3, "ingest", "data/m.jsonl")), [2, 1, 0, 1]);
  assert.deepEqual(counts(await made.json<Document>(0, "ingest", "data/*.csv")), [2, 2, 0, 0]);
  assert.deepEqual((await rowsOf(made)).map(({ metadata }) => JSON.stringify(metadata)).sort(), ['{"animal":true}', '{"n":1}', '{"n":2}']);
});

test("one glob of tables and lists refuses an id that is given twice, as two paths do", async () => {
  await using made = await space({ "1.csv": "id,path\na,coffee.jpg\n", "2.tsv": "id\tpath\na\tchelsea.jpg\n" });
  const { failures, stored } = await made.json<Document>(3, "ingest", "data/*.{csv,tsv}");
  assert.deepEqual([stored, failures.map(({ code }) => code)], [1, ["id_duplicate"]]);
});

test("Parquet with paths: numbers, times, lists and missing values keep their meaning", async () => {
  await using made = await space();
  const when = new Date("2024-05-01T10:00:00Z");
  await writeParquet(join(made.folder, "data", "t.parquet"), [
    { name: "image_id", type: "INT64", data: [7n, 8n] },
    { name: "path", type: "STRING", data: ["coffee.jpg", "chelsea.jpg"] },
    { name: "score", type: "DOUBLE", data: [0.1, Number.NaN] },
    { name: "big", type: "INT64", data: [2n ** 53n - 1n, 5n] },
    { name: "at", type: "TIMESTAMP", data: [when, when] },
    { name: "label", type: "STRING", data: ["cup", null] },
    { name: "ok", type: "BOOLEAN", data: [true, false] },
    { name: "tags", type: "JSON", data: [["a", 1], null] },
  ]);
  assert.deepEqual(counts(await made.json<Document>(0, "ingest", "data/t.parquet")), [2, 2, 0, 0]);
  const at = when.toISOString();
  assert.deepEqual(
    (await rowsOf(made)).map(({ id, metadata }) => [String(id), metadata]),
    [
      ["7", { score: 0.1, big: 2 ** 53 - 1, at, label: "cup", ok: true, tags: '["a",1]' }],
      ["8", { big: 5, at, ok: false }],
    ],
  );
});

test("Parquet with bytes: many row groups, read again alone, stored once, and a row without an image", async () => {
  await using made = await space();
  const images = await Promise.all(photos.map(async (photo) => new Uint8Array(await readFile(join(golden, photo)))));
  const rows = Array.from({ length: 60 }, (_, at) => images[at % 2] as Uint8Array);
  const path = join(made.folder, "data", "bytes.parquet");
  await writeParquet(
    path,
    [
      { name: "key", type: "STRING", data: rows.map((_, at) => `k${at}`) },
      { name: "image", type: "BYTE_ARRAY", data: rows.map((bytes, at) => (at === 30 ? null : bytes)), nullable: true },
    ],
    7,
  );
  const document = await made.json<Document>(3, "ingest", "data/bytes.parquet", "--id-column", "key");
  assert.deepEqual(counts(document), [60, 59, 0, 1]);
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]),
    [[`parquet://${path}#image:31`, "source_not_found"]],
  );
  const { read, failed } = await made.json<Document>(3, "ingest", "data/bytes.parquet", "--id-column", "key");
  assert.deepEqual([read, failed], [60, 1]);
  assert.equal((await made.json<{ count: number }>(0, "count")).count, 59);
  const alone = await made.json<{ hits: Row[] }>(0, "search", `parquet://${path}#image:2`, "--top-k", "100", "--min-score", "0.9999");
  assert.equal(alone.hits.length, 30);
});

test("a table that cannot be read fails alone, and the other inputs are stored", async () => {
  await using made = await space({ "torn.parquet": "PAR1 and no more", "empty.csv": "" });
  const document = await made.json<Document>(3, "ingest", "data/torn.parquet", "data/empty.csv", "data/coffee.jpg");
  assert.deepEqual(counts(document), [3, 1, 0, 2]);
  assert.deepEqual(
    document.failures.map(({ code, message }) => [code, /torn\.parquet|empty\.csv/.test(message)]),
    [
      ["input_invalid", true],
      ["input_invalid", true],
    ],
  );
});

test("thousands of rows stream, and a run that was stopped is continued", { timeout: 120_000 }, async () => {
  const lines = Array.from({ length: 5_000 }, (_, at) => `coffee.jpg,${at},row ${at}\n`).join("");
  await using made = await space({ "long.csv": `path,id,text\n${lines}` });
  await untilSettled(join(made.folder, "data", "coffee.jpg"));
  const child = made.start("ingest", "data/long.csv", "--json");
  const first = ended(child);
  await made.rowsAppear();
  child.kill("SIGINT");
  const { code, stdout } = await first;
  assert.equal(code, 130, stdout);
  const before = (JSON.parse(stdout) as Document).stored;
  const { stored, skipped, failed } = await made.json<Document>(0, "ingest", "data/long.csv");
  assert.deepEqual([stored + skipped, failed], [5_000, 0]);
  assert.ok(before > 0 && stored < 5_000, `${before} rows before the stop, ${stored} after it`);
  assert.equal((await made.json<{ count: number }>(0, "count")).count, 5_000);
});
