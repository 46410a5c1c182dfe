/** A watch survives errors that pass, and says each of them once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import type { InputStream } from "../../sources/index.js";
import type { InsertStats } from "./ingest-images.js";
import { WatchPatience } from "./watch-patience.js";

const changes: InputStream = async function* () {};

/** A run that ends well. Only what a watch looks at. */
const stored = (more: Partial<InsertStats> = {}) => more as InsertStats;

/** Ends as each run says, one after the other. */
function patienceOf(runs: readonly (InsertStats | HeadraceError)[]) {
  const left = [...runs];
  const notes: string[] = [];
  const ingested: InputStream[] = [];
  const patience = new WatchPatience({
    folder: "/photos",
    signal: new AbortController().signal,
    note: (line) => notes.push(line),
    ingest: async (inputs) => {
      ingested.push(inputs);
      const next = left.shift();
      if (next instanceof HeadraceError) throw next;
      return next ?? stored();
    },
  });
  return { patience, notes, ingested };
}

test("an index that cannot be built is said once, and the watch goes on; it is said again after a run without the problem", async () => {
  const upkeepError = new HeadraceError("disk_full", "index: no space left");
  const { patience, notes, ingested } = patienceOf([stored({ upkeepError }), stored({ upkeepError }), stored(), stored({ upkeepError })]);
  for (const told of [1, 1, 1, 2]) {
    await patience.ingest(changes);
    assert.equal(notes.length, told);
  }
  assert.match(notes[0] ?? "", /^All rows are stored, but the work after them is not done: \[disk_full\] index: no space left/);
  assert.equal(ingested.length, 4);
});

for (const code of ["outage_too_long", "store_unavailable", "embedder_unavailable"] satisfies readonly ErrorCode[]) {
  test(`after \`${code}\` the watch waits, then lists the whole folder again`, async () => {
    const { patience, notes, ingested } = patienceOf([new HeadraceError(code, "server: away")]);
    await patience.ingest(changes);
    assert.equal(ingested[0], changes);
    assert.notEqual(ingested[1], changes);
    assert.equal(notes.length, 2);
    assert.match(notes[0] ?? "", new RegExp(`^The watch waits, and then lists the whole folder again: \\[${code}\\] server: away`));
    assert.match(notes[1] ?? "", /^The watch goes on: \/photos was listed again\./);
  });
}

test("an error of the settings ends the watch at once", async () => {
  const { patience, notes } = patienceOf([new HeadraceError("config_invalid", "model: no such file")]);
  await assert.rejects(patience.ingest(changes), { code: "config_invalid" });
  assert.deepEqual(notes, []);
});
