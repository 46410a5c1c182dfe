/**
 * `npm run pid-kills`: kills the started process at 60 random moments, and runs the command again at once. HEADRACE_KILLS: their number.
 * HEADRACE_KILLS_NODE: another Node binary for the command. HEADRACE_TEST_SEED repeats the moments of a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { workspace } from "../flow/command.js";
import { killPids } from "../support/pid-kills.js";

const seed = Number(process.env["HEADRACE_TEST_SEED"] ?? Date.now() % 1_000_000);
const kills = Number(process.env["HEADRACE_KILLS"] ?? 60);
const node = process.env["HEADRACE_KILLS_NODE"] ?? process.execPath;
const images = 6_000;
const mostStartMs = 5_000;

test(`${kills} kills of the started process (seed ${seed}): each next run starts within 5 s, and the last leaves exactly the source`, async (context) => {
  await using space = await workspace();
  const found = await killPids(space, { node, kills, images, random: (kill) => fraction(seed + kill) });
  context.diagnostic(`seed ${seed}, ${node}: ${found.killed} killed, slowest start ${found.slowestStartMs.toFixed(0)} ms later than alone`);
  assert.equal(found.rows, images);
  assert.ok(found.killed > kills / 2, "most runs are killed before they end");
  assert.ok(found.slowestStartMs <= mostStartMs);
});

function fraction(value: number): number {
  const x = Math.sin(value * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
