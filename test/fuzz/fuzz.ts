/** Runs mutants through a whole ingestion, and compares what is stored with what Pillow reads. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Ending, FuzzReport } from "./fuzz-run.js";
import { type Kind, kindOf, writeMutants } from "./mutants.js";
import { pillowReadings, type Verdict } from "./readings.js";

const script = fileURLToPath(new URL("./fuzz-run.js", import.meta.url));
const mayFailWith = new Set(["image_corrupt", "image_unsupported", "image_too_large"]);
const maxGapMs = 10_000;
const maxRssBytes = 900e6;
const leastShare = 0.95;
const leastCosine = 0.95;
/** The AV1 decoder of sharp's package refuses pictures in which Pillow's decoder does not notice the damage. See docs/guides/formats.md. */
const stricterThanPillow: ReadonlySet<Kind> = new Set(["plain.avif"]);

/** Defines the tests for mutants 0 to `count` - 1. */
export function fuzz(count: number): void {
  for (const damaged of ["refuse", "keep"] as const) {
    test(`damaged: ${damaged}: each of ${count} mutants is stored or fails with a code, in bounded time and memory`, async (context) => {
      const report = await ingestMutants(count, damaged);
      const { endings } = report;
      assert.equal(report.ended, "completed");
      assert.deepEqual([report.read, report.stored + report.failed, endings.length], [count, count, count]);
      const odd = endings.filter(({ ended }) => ended !== "stored" && !mayFailWith.has(ended));
      assert.deepEqual(odd, []);
      context.diagnostic(`longest gap ${report.longestGapMs.toFixed(0)} ms, peak memory ${(report.peakRssBytes / 1e6).toFixed(0)} MB`);
      assert.ok(report.longestGapMs <= maxGapMs, `${report.longestGapMs} ms without an ending`);
      assert.ok(report.peakRssBytes <= maxRssBytes, `${report.peakRssBytes} bytes`);
      if (damaged === "keep") compareWithPillow(endings, context);
    });
  }
}

async function ingestMutants(count: number, damaged: "refuse" | "keep"): Promise<FuzzReport> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-fuzz-"));
  try {
    await writeMutants(join(folder, "mutants"), count);
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder, String(count), damaged], { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout) as FuzzReport;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pillow reads leniently, as `keep` does: with `LOAD_TRUNCATED_IMAGES`. Pictures of one colour do not count as read. */
function compareWithPillow(endings: readonly Ending[], context: TestContext): void {
  const readings = pillowReadings();
  const read = endings.flatMap((ending) => {
    const { verdict } = readings[Number.parseInt(ending.name, 10)]!;
    return isRead(verdict) ? [{ ...ending, kind: kindOf(Number.parseInt(ending.name, 10)) }] : [];
  });
  const stored = (some: typeof read): number => some.filter(({ ended }) => ended === "stored").length;
  for (const kind of new Set(read.map((each) => each.kind))) {
    const some = read.filter((each) => each.kind === kind);
    const alike = some.filter(({ cosine }) => cosine !== null && cosine >= leastCosine).length;
    context.diagnostic(`${kind}: Pillow reads ${some.length}, stored ${stored(some)}, alike ${alike}`);
  }
  const compared = read.filter(({ kind }) => !stricterThanPillow.has(kind));
  const share = stored(compared) / compared.length;
  const alike = compared.filter(({ cosine }) => cosine !== null && cosine >= leastCosine).length / stored(compared);
  context.diagnostic(`stored ${percent(share)} of what Pillow reads without AVIF, ${percent(stored(read) / read.length)} with AVIF`);
  context.diagnostic(`${percent(alike)} of these have a cosine of at least ${leastCosine} to Pillow's reading`);
  assert.ok(share >= leastShare, `stored ${percent(share)}`);
  assert.ok(alike >= leastShare, `alike ${percent(alike)}`);
}

function isRead(verdict: Verdict): boolean {
  return verdict === "s" || verdict === "l";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
