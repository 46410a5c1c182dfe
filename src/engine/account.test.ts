import assert from "node:assert/strict";
import { test } from "node:test";
import { StageAccount } from "./account.js";

test("every moment of every worker is in exactly one activity, the one in progress included", () => {
  const account = new StageAccount("embed", 2, 100);
  const [one, two] = account.clocks;
  one?.enter("busy", 110);
  one?.enter("blocked", 150);
  two?.enter("waiting", 130);
  const { busyMs, starvedMs, blockedMs, waitingMs } = account.report(0, 200);
  assert.deepEqual({ busyMs, starvedMs, blockedMs, waitingMs }, { busyMs: 40, starvedMs: 40, blockedMs: 50, waitingMs: 70 });
});

test("time stands still after the end of the stage", () => {
  const account = new StageAccount("embed", 1, 0);
  account.clocks[0]?.enter("busy", 10);
  account.clocks[0]?.enter("starved", 30);
  account.end(40);
  assert.deepEqual(account.report(3, 1_000), {
    name: "embed",
    workers: 1,
    items: 0,
    batches: 0,
    retries: 0,
    busyMs: 20,
    starvedMs: 20,
    blockedMs: 0,
    waitingMs: 0,
    maxQueued: 3,
  });
});

test("a worker that could process two batches and processes one is busy to one half", () => {
  const account = new StageAccount("decode", 1, 0, 2);
  assert.equal(account.clocks.length, 2);
  account.clocks[0]?.enter("busy", 0);
  const { workers, busyMs, starvedMs } = account.report(0, 100);
  assert.deepEqual({ workers, busyMs, starvedMs }, { workers: 1, busyMs: 50, starvedMs: 50 });
});
