/** A million generated images, one in a hundred damaged: exact counts, and memory that does not grow. `npm run soak` */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { SoakReport } from "./soak-run.js";

const images = Number(process.env.HEADRACE_SOAK_IMAGES ?? 1_000_000);
const damaged = images / 100;
/** Ids given by the caller are remembered, at most 48 bytes each, and so are the keys of the table. The rest is LanceDB's own. */
const maxGrowthBytesPerImage = 300;
const script = fileURLToPath(new URL("./soak-run.js", import.meta.url));

test(`${images} images are stored, failed and skipped exactly, in flat memory`, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-soak-"));
  try {
    const first = await soak(folder);
    context.diagnostic(memoryText(first));
    assert.deepEqual(counts(first), { read: images, stored: images - damaged, skipped: 0, failed: damaged, rows: images - damaged });
    assert.equal(first.deadLetters, damaged);
    assert.ok(growthOf(first) <= maxGrowthBytesPerImage, `${growthOf(first)} bytes an image`);
    const second = await soak(folder);
    context.diagnostic(memoryText(second));
    assert.deepEqual(counts(second), { read: images, stored: 0, skipped: images - damaged, failed: damaged, rows: images - damaged });
    assert.equal(second.deadLetters, damaged);
    assert.ok(growthOf(second) <= maxGrowthBytesPerImage, `${growthOf(second)} bytes an image`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function soak(folder: string): Promise<SoakReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, folder, String(images)]);
  return JSON.parse(stdout) as SoakReport;
}

function counts({ read, stored, skipped, failed, rows }: SoakReport) {
  return { read, stored, skipped, failed, rows };
}

/** Growth from the second tenth of the images to the last. */
function growthOf({ rssBytes }: SoakReport): number {
  return ((rssBytes.at(-1) ?? 0) - (rssBytes[1] ?? 0)) / (images * 0.8);
}

function memoryText({ peakRssBytes, rssBytes }: SoakReport): string {
  const tenths = rssBytes.map((bytes) => Math.round(bytes / 2 ** 20)).join(", ");
  return `peak ${Math.round(peakRssBytes / 2 ** 20)} MB; after each tenth ${tenths} MB`;
}
