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
const [images, textKb, budgetMb] = [400, 200, 32];
/** A character counts two bytes. One more image waits for its place. */
const mostWaiting = Math.floor((budgetMb * 2 ** 20) / (2 * textKb * 1_000)) + 1;

test(`of ${images} images with ${textKb} kB of text each, at most ${mostWaiting} are in a memory of ${budgetMb} MiB at the same time`, {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-text-"));
  try {
    const args = [folder, images, textKb, budgetMb].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
    const { stored, whole, mostWaiting: found } = JSON.parse(stdout) as TextMemory;
    assert.deepEqual([stored, whole], [images, images]);
    assert.ok(found <= mostWaiting, `${found} images`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
