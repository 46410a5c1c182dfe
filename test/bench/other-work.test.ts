/** A figure counts only if nothing else used the processors while it was measured. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { otherWorkBetween, processorTicks } from "../../bench/other-work.js";

const start = { all: 5_000, own: 400, takenMs: 10_000 };
/** What two cores say after ten seconds. */
const after = (allTicks: number, ownTicks: number) => ({ all: 5_000 + allTicks, own: 400 + ownTicks, takenMs: 20_000 });

test("a machine that works for the benchmark alone is quiet", () => {
  assert.equal(otherWorkBetween(start, after(2_000, 1_990)), null);
  assert.equal(otherWorkBetween(start, after(0, 0)), null);
});

test("work of others during the benchmark is named, also if both fill the machine together", () => {
  assert.equal(otherWorkBetween(start, after(2_000, 1_400)), "0.6 cores were busy with other work");
  assert.equal(otherWorkBetween(start, after(930, 0)), "0.9 cores were busy with other work");
});

test("processes that the benchmark starts are its own, while they run and after they have ended", async () => {
  const before = processorTicks().own;
  const burn = `const endMs = process.cpuUsage().user / 1000 + 400;
    while (process.cpuUsage().user / 1000 < endMs);
    process.stdout.write("burnt");
    process.stdin.once("data", () => process.exit());`;
  const child = spawn(process.execPath, ["-e", burn], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const whileItRuns = processorTicks().own - before;
  assert.ok(whileItRuns >= 40, `found ${whileItRuns} ticks`);
  child.stdin.end("end");
  await once(child, "close");
  const afterItsEnd = processorTicks();
  assert.ok(afterItsEnd.own - before >= whileItRuns, `found ${afterItsEnd.own - before} ticks`);
  assert.ok(afterItsEnd.all >= afterItsEnd.own);
});
