import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { RunReport } from "../../contracts/index.js";
import { noteEvent, showProgressUntilDone, showUpkeepUntilDone } from "./run-progress.js";
import { type OutputOptions, type OutputStream, Terminal } from "./terminal.js";
import { UpkeepLine } from "./upkeep-line.js";

const report: RunReport = {
  ...{ ended: "completed", read: 7, stored: 7, reused: 0, skipped: 0, failed: 0, abandoned: 0 },
  ...{ elapsedMs: 1_000, inFlightBytes: 0, peakBytes: 0, stages: [] },
};

/** What stderr gets while a step of maintenance lasts a second. */
async function shown(isTTY: boolean, options: OutputOptions = {}): Promise<string> {
  const stderr: OutputStream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const terminal = new Terminal(options, { stdout: new PassThrough(), stderr });
  const result = await showUpkeepUntilDone(terminal, async (onProgress) => {
    onProgress({ step: "building the index on vector", share: 0.5, rows: null });
    await new Promise((fulfil) => setTimeout(fulfil, 1_000));
    return "done";
  });
  assert.equal(result, "done");
  return String((stderr as PassThrough).read() ?? "");
}

test("maintenance shows one line on a terminal, which is removed at the end", async () => {
  const text = await shown(true);
  assert.match(text, /building the index on vector: 50 %/);
  assert.doesNotMatch(text, /\n/);
  assert.doesNotMatch(text, /%$/);
});

test("maintenance shows nothing on a pipe, and nothing with --quiet", async () => {
  assert.equal(await shown(false), "");
  assert.equal(await shown(true, { quiet: true }), "");
});

test("the line of a run becomes the line of its maintenance", async () => {
  const stderr: OutputStream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const terminal = new Terminal({}, { stdout: new PassThrough(), stderr });
  const upkeep = new UpkeepLine();
  const done = (async (): Promise<RunReport> => {
    await new Promise((fulfil) => setTimeout(fulfil, 500));
    noteEvent(terminal, { kind: "upkeep", progress: { step: "merging small files", share: null, rows: 7 } }, upkeep);
    await new Promise((fulfil) => setTimeout(fulfil, 500));
    return report;
  })();
  await showProgressUntilDone({ snapshot: () => report, done }, terminal, { unit: "images", count: async () => 7, upkeep });
  assert.match(String((stderr as PassThrough).read()), /7\/7 .*images\/s.*merging small files, 7 rows: 0:0/s);
});
