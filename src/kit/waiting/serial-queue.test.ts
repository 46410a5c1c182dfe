/** One call after the other, whatever becomes of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SerialQueue } from "./serial-queue.js";

test("a call begins when the one before has ended, and a failure is its caller's alone", async () => {
  const queue = new SerialQueue();
  const seen: string[] = [];
  const call = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
    if (name === "b") throw new Error("broken");
    return name;
  };
  const [a, b, c] = await Promise.allSettled(["a", "b", "c"].map((name) => queue.run(call(name))));
  assert.deepEqual([a?.status, b?.status, c?.status], ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("it is idle when the last call has ended, also when that failed", async () => {
  const queue = new SerialQueue();
  await queue.idle();
  let hasEnded = false;
  const failing = queue.run(async () => {
    await new Promise(setImmediate);
    hasEnded = true;
    throw new Error("broken");
  });
  await Promise.all([queue.idle().then(() => assert.ok(hasEnded)), assert.rejects(failing)]);
});
