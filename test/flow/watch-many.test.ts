/** Thousands of images that come into a watched folder at once, and as many again meanwhile, are all stored, each once. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("./watch-many-run.js", import.meta.url));
const maxPeakBytes = 600_000_000;

test("5,000 images at once and 5,000 while these are embedded have a row each, in bounded memory", { timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-watch-many-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder, "5000"]);
    const { rows, sources, failed, peakRssBytes } = JSON.parse(stdout) as Readonly<Record<string, number>>;
    assert.deepEqual([rows, sources, failed], [10_000, 10_000, 0]);
    assert.ok((peakRssBytes ?? Number.POSITIVE_INFINITY) < maxPeakBytes, `${peakRssBytes} bytes`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
