/** What a person is told when a filter matches no row. */
import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { workspace } from "./command.js";

test("a filter that compares a key with a value of another type says so, and how to write the value", async () => {
  await using space = await workspace();
  await copyFile(resolve("test", "fidelity", "golden", "coffee.jpg"), join(space.folder, "coffee.jpg"));
  const line = { input: "coffee.jpg", metadata: { cls: "4", year: 2020, sold: true } };
  await writeFile(join(space.folder, "list.jsonl"), `${JSON.stringify(line)}\n`);
  await space.json(0, "ingest", "--manifest", "list.jsonl");
  const notes = async (...args: readonly string[]) => (await space.run(...args)).stderr;
  assert.match(await notes("count", "--filter", "cls == 4"), /"cls" has values of the type text.*Write the value as text: cls == "4"/);
  assert.match(
    await notes("count", "--filter", 'year == "2020"'),
    /"year" has values of the type number.*without quotation marks: year == 2020/,
  );
  assert.match(await notes("search", "coffee.jpg", "--filter", "sold == 1"), /"sold" has values of the type boolean/);
  assert.match(await notes("search", "coffee.jpg", "--group-by", "cammera"), /No row has "cammera"/);
  assert.match(await notes("count", "--filter", "price > 3"), /No row has "price"/);
  assert.equal(await notes("count", "--filter", "year == 1999"), "", "the type is right, so nothing is said");
});
