/** The list of unsteady tests stays short, complete and young. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

interface Entry {
  readonly test: string;
  readonly file: string;
  readonly date: string;
  readonly reason: string;
}

const { faultsOfList } = (await import(pathToFileURL("scripts/unsteady.mjs").href)) as {
  faultsOfList(list: unknown, context: { readonly today: number; readonly hasFile: (file: string) => boolean }): readonly string[];
};
const today = Date.parse("2026-03-31");
const entry: Entry = { test: "a name", file: "test/a.test.ts", date: "2026-03-01", reason: "waits for a port that another test may take" };

function faultsOf(list: unknown): readonly string[] {
  return faultsOfList(list, { today, hasFile: (file) => file === entry.file });
}

test("test/unsteady.json follows its rules", () => {
  const list: unknown = JSON.parse(readFileSync("test/unsteady.json", "utf8"));
  assert.deepEqual(faultsOfList(list, { today: Date.now(), hasFile: existsSync }), []);
});

test("a complete entry of the last thirty days is allowed", () => {
  assert.deepEqual(faultsOf([entry]), []);
});

test("six entries are one too many", () => {
  assert.deepEqual(faultsOf(Array(6).fill(entry)), ["expected at most 5 entries, found 6: fix one of these tests"]);
});

test("an entry that is older than thirty days has to go", () => {
  assert.deepEqual(faultsOf([{ ...entry, date: "2026-02-28" }]), [
    "entry 1: expected an entry of the last 30 days, found one of 31 days: fix the test",
  ]);
});

test("an entry says which test of which file is unsteady, since when, and why", () => {
  assert.match(faultsOf([{ test: "a name", file: entry.file }]).join(), /found none in date, reason/);
  assert.match(faultsOf([{ ...entry, reason: " " }]).join(), /found none in reason/);
  assert.match(faultsOf([{ ...entry, file: "test/gone.test.ts" }]).join(), /found test\/gone\.test\.ts/);
  assert.match(faultsOf([{ ...entry, date: "yesterday" }]).join(), /found yesterday/);
  assert.match(faultsOf([{ ...entry, date: "2026-04-02" }]).join(), /still to come/);
  assert.match(faultsOf([{ ...entry, more: "" }]).join(), /found more/);
  assert.deepEqual(faultsOf({ entries: [] }), ["expected a list"]);
});
