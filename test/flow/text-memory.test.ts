/** Long texts beside images count in the memory budget of a run, from the listing to the write. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TextMemory } from "./text-memory-run.js";

const script = fileURLToPath(new URL("./text-memory-run.js", import.meta.url));
const [images, textKb, budgetMb, writeMs] = [600, 200, 32, 3_000];
/** A character counts two bytes. */
const inBudget = Math.floor((budgetMb * 2 ** 20) / (2 * textKb * 1_000));
/** Images that are listed ahead wait for the budget. They are few, so their texts do not count. */
const mostAhead = 240;

test(`with a slow store and ${textKb} kB of text beside each image, ${inBudget} images are in a memory of ${budgetMb} MiB at the same time`, {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-text-"));
  try {
    const args = [folder, images, textKb, budgetMb, writeMs].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
    const { stored, whole, mostWaiting } = JSON.parse(stdout) as TextMemory;
    assert.deepEqual([stored, whole], [images, images]);
    assert.ok(mostWaiting <= inBudget + mostAhead, `${mostWaiting} images`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
