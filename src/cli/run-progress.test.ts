import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { showUpkeepUntilDone } from "./run-progress.js";
import { type OutputOptions, type OutputStream, Terminal } from "./terminal.js";

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
