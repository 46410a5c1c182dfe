import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { HeadraceError } from "../contracts/index.js";
import { forever } from "./fakes.test.js";
import { Halt } from "./halt.js";

const reason = new HeadraceError("aborted", "enough");

test("a race settles as its promise does and leaves no listener behind", async () => {
  const halt = new Halt();
  assert.equal(await halt.race(Promise.resolve(1), "one"), 1);
  await assert.rejects(halt.race(Promise.reject(reason), "two"), reason);
  assert.deepEqual(await halt.waitForPending(1_000), []);
  assert.equal(getEventListeners(halt.signal, "abort").length, 0);
});

test("a stop rejects what is waited for and aborts the signal with its reason; the first reason stays", async () => {
  const halt = new Halt();
  const waits = [halt.race(forever(), "call"), halt.pause(60_000), halt.until(() => () => {})];
  halt.stop(reason);
  halt.stop(new HeadraceError("disk_full", "later"));
  for (const wait of waits) await assert.rejects(wait, reason);
  assert.equal(halt.signal.reason, reason);
  await assert.rejects(halt.race(forever(), "late"), reason);
  await assert.rejects(halt.pause(1), reason);
});

test("after a stop, a late answer is dropped, a late rejection is handled, and what never comes is named", async () => {
  const halt = new Halt();
  let answer = () => {};
  let refuse = (_: Error) => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const refused = new Promise<void>((_, reject) => {
    refuse = reject;
  });
  const races = [
    halt.race(answered, "answers"),
    halt.race(refused, "refuses"),
    halt.race(forever(), "hangs"),
    halt.race(forever(), "hangs"),
  ];
  halt.stop(reason);
  for (const race of races) await assert.rejects(race, reason);
  answer();
  refuse(new Error("late"));
  assert.deepEqual(await halt.waitForPending(10), ["hangs"]);
});

test("quiet does not wait longer than the last call", async () => {
  const halt = new Halt();
  let end = () => {};
  halt.watch(
    new Promise<void>((resolve) => {
      end = resolve;
    }),
    "ends soon",
  );
  const waiting = halt.waitForPending(60_000);
  end();
  assert.deepEqual(await waiting, []);
});
