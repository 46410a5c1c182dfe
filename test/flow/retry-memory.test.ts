/** A retry streams the dead letters: its memory does not grow with the number of images that it has tried. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RetryMemory } from "./retry-memory-run.js";

const entries = 20_000;
const script = fileURLToPath(new URL("./retry-memory-run.js", import.meta.url));
/** Less than the names alone would need. */
const maxGrowthBytesPerEntry = 60;

test(`a retry of ${entries} images that fail again grows by less than ${maxGrowthBytesPerEntry} bytes an image`, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-retry-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, folder, String(entries)]);
    const { tried, deadLetters, usedBytes } = JSON.parse(stdout) as RetryMemory;
    assert.deepEqual([tried, deadLetters], [entries, entries]);
    const growth = (usedBytes[1] - usedBytes[0]) / (entries * 0.8);
    context.diagnostic(`${growth.toFixed(1)} bytes an image; ${Math.round(usedBytes[1] / 2 ** 20)} MB in use at the end`);
    assert.ok(growth <= maxGrowthBytesPerEntry, `${growth} bytes an image`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
