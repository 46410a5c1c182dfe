/** One bad line, URL or id is one failure: the rest is stored. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { type Workspace, workspace } from "./command.js";

interface Document {
  readonly read: number;
  readonly stored: number;
  readonly skipped: number;
  readonly failed: number;
  readonly deadLetters: string | null;
  readonly failures: readonly {
    readonly id: string;
    readonly line: string | null;
    readonly source: string;
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  }[];
}

const photo = resolve("test", "fidelity", "golden", "coffee.jpg");
const counts = ({ read, stored, skipped, failed }: Document) => [read, stored, skipped, failed];

const badLines = ["{not json", '{"input":"a.jpg","id":1.5}', '{"inptu":"a.jpg"}', '{"input":"http://[bad"}', '{"input":"a.jpg","tags":1}'];

async function spaceWith(lines: readonly string[]): Promise<Workspace> {
  const space = await workspace();
  for (const name of ["a.jpg", "b.jpg"]) await copyFile(photo, join(space.folder, name));
  await writeFile(join(space.folder, "m.jsonl"), `${lines.join("\n")}\n`);
  return space;
}

test("each bad line of a manifest fails alone, with file and line, and is gone from the dead letters when it is good", async () => {
  await using space = await spaceWith(['{"input":"a.jpg"}', ...badLines, '{"input":"b.jpg"}']);
  const document = await space.json<Document>(3, "ingest", "--manifest", "m.jsonl");
  assert.deepEqual(counts(document), [7, 2, 0, 5]);
  assert.ok(document.failures.every(({ id, line, source }) => id !== "" && line === source));
  assert.deepEqual(
    document.failures.map(({ source, code }) => [source, code]),
    [
      ["m.jsonl:2", "input_invalid"],
      ["m.jsonl:3", "id_invalid"],
      ["m.jsonl:4", "input_invalid"],
      ["m.jsonl:5", "input_invalid"],
      ["m.jsonl:6", "input_invalid"],
    ],
  );
  for (const { source, message } of document.failures) assert.ok(message.startsWith(`${source}: `), message);
  assert.match(document.failures[1]?.message ?? "", /whole number.*found 1\.5/);

  await writeFile(join(space.folder, "m.jsonl"), '{"input":"a.jpg"}\n{"input":"b.jpg"}\n'.repeat(4));
  const again = await space.json<Document>(0, "ingest", "--manifest", "m.jsonl");
  assert.equal(again.failed, 0);
  const left = again.deadLetters === null ? "" : await readFile(join(space.folder, again.deadLetters), "utf8");
  assert.ok(!left.includes("m.jsonl:2"), left);
});

test("with --on-bad-line skip bad lines are skipped, with a notice", async () => {
  await using space = await spaceWith(['{"input":"a.jpg"}', ...badLines]);
  const { code, stdout, stderr } = await space.run("ingest", "--manifest", "m.jsonl", "--on-bad-line", "skip", "--json");
  assert.equal(code, 0, stdout);
  assert.deepEqual(counts(JSON.parse(stdout) as Document), [6, 1, 5, 0]);
  assert.match(stderr, /5 lines of the manifest were skipped, the first: m\.jsonl:2: /);
});

test("an image of a manifest that fails is named with its line in the dead letters", async () => {
  await using space = await spaceWith(['{"input":"a.jpg"}', '{"input":"gone.jpg"}']);
  const { deadLetters } = await space.json<Document>(3, "ingest", "--manifest", "m.jsonl");
  const letter = JSON.parse(await readFile(join(space.folder, deadLetters ?? ""), "utf8")) as Record<string, unknown>;
  assert.deepEqual([letter["code"], letter["line"]], ["source_not_found", "m.jsonl:2"]);
  assert.match(String(letter["source"]), /gone\.jpg$/);
});

test("a URL whose scheme nobody reads fails alone and says what to do", async () => {
  await using space = await spaceWith([]);
  const document = await space.json<Document>(3, "ingest", "a.jpg", "ftp://example.org/x.jpg", "b.jpg");
  assert.deepEqual(counts(document), [3, 2, 0, 1]);
  const [failure] = document.failures;
  assert.deepEqual([failure?.source, failure?.code], ["ftp://example.org/x.jpg", "source_unreadable"]);
  assert.match(failure?.hint ?? "", /Download the image first/);
});

test("an id given to two images is one failure that names both lines, and the same image twice is none", async () => {
  await using space = await spaceWith(['{"input":"a.jpg","id":"x"}', '{"input":"b.jpg","id":"x"}', '{"input":"a.jpg","id":"x"}']);
  const document = await space.json<Document>(3, "ingest", "--manifest", "m.jsonl");
  assert.deepEqual(counts(document), [3, 1, 1, 1]);
  assert.match(document.failures[0]?.message ?? "", /a\.jpg \(m\.jsonl:1\) and file:.*b\.jpg \(m\.jsonl:2\)/);
});

test("overlapping paths count an image once, and a manifest's metadata counts for images that a folder names too", async () => {
  await using space = await spaceWith(['{"input":"photos/2020/a.jpg","metadata":{"label":"cup"}}']);
  await mkdir(join(space.folder, "photos", "2020"), { recursive: true });
  for (const name of ["a.jpg", "b.jpg"]) await copyFile(photo, join(space.folder, "photos", "2020", name));
  const document = await space.json<Document>(0, "ingest", "photos", "photos/2020", "--manifest", "m.jsonl");
  assert.deepEqual(counts(document), [5, 2, 3, 0]);
  const { hits } = await space.json<{ hits: readonly { source: string }[] }>(0, "search", "a.jpg", "--filter", 'label == "cup"');
  assert.match(hits[0]?.source ?? "", /photos\/2020\/a\.jpg$/);
});

test("a dry run says what would be skipped and what would fail", async () => {
  await using space = await spaceWith(['{"input":"a.jpg"}', '{"input":"a.jpg"}', "{"]);
  const { code, stdout } = await space.run("ingest", "--manifest", "m.jsonl", "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /^3 images listed: 0 are stored already, 1 would be read, 1 would be skipped, 1 would fail\. Nothing was written\./);
});
