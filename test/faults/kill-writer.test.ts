/** A writer that is killed in the middle of appends and merges: what it was answered for is there, and no key twice. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { calm, idsOf } from "../conformance/store-rows-data.js";
import { extent } from "../support/extent.js";

const script = fileURLToPath(new URL("./killed-writer.js", import.meta.url));
const [kills, batches, rows] = [extent({ some: 3, all: 12 }), 40, 20];

test("rows that were acknowledged before a kill are there, none is there twice, and the next run completes them", {
  timeout: 300_000,
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-kill-"));
  try {
    let inTheMiddle = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const data = join(folder, String(kill));
      // The first run meets an empty table, the second one that it does not know.
      const told = [await killedAfter(data, 0, afterBatches(kill)), await killedAfter(data, 1, afterBatches(kill))];
      if (told.some((lines) => lines.length > 0 && lines.length < batches)) inTheMiddle += 1;
      await assertStored(data, told.flat());
      const whole = await killedAfter(data, 2, Number.POSITIVE_INFINITY);
      assert.equal(whole.length, batches);
      await assertStored(data, whole);
    }
    context.diagnostic(`${inTheMiddle} of ${kills} kills hit a run in the middle`);
    assert.ok(inTheMiddle >= kills / 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** From the first batch on, evenly. */
function afterBatches(kill: number): number {
  return 1 + Math.floor((kill * 24) / kills);
}

/** Kills the writer when it has told of so many batches; which ones it told of. */
async function killedAfter(data: string, round: number, wanted: number): Promise<readonly number[]> {
  const child: ChildProcess = spawn(process.execPath, [script, data, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = new Promise((fulfil) => child.once("close", fulfil));
  const told: number[] = [];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    told.push(...text.split("\n").map(Number).filter(Boolean));
    if (told.length >= wanted) child.kill("SIGKILL");
  });
  await exit;
  return told;
}

/** Every row of those batches, and each key once. */
async function assertStored(data: string, told: readonly number[]): Promise<void> {
  const store = lancedbStore({ path: data });
  await store.open(calm);
  const collection = await store.openCollection("killed", "read");
  const ids = await idsOf(collection);
  const there = new Set(ids);
  assert.equal(there.size, ids.length, "no key is there twice");
  for (const batch of told) {
    for (let row = 0; row < rows; row += 1) assert.ok(there.has(`row ${(batch * rows) / 2 + row}`), `row ${row} of batch ${batch}`);
  }
  await collection.close();
  await store.close();
}
