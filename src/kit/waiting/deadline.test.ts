/** Requests end in time, with their signal, and leave nothing behind on it. */
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { inTime, unlessAborted, withDeadline, within } from "./deadline.js";

const late = () => new HeadraceError("timed_out", "late");

test("many requests with one signal are no leak that Node warns of, and leave no listener", async () => {
  const warnings: Error[] = [];
  const heard = (warning: Error) => warnings.push(warning);
  process.on("warning", heard);
  try {
    const stop = new AbortController();
    const work = async (signal: AbortSignal) => {
      await once(signal, "abort");
      throw new HeadraceError("aborted", "stopped");
    };
    const requests = Array.from({ length: 30 }, () => withDeadline(work, { call: "test", signal: stop.signal, timeoutMs: 60_000, late }));
    assert.equal(getEventListeners(stop.signal, "abort").length, 30);
    stop.abort();
    for (const request of requests) await assert.rejects(request, { code: "aborted" });
    assert.equal(getEventListeners(stop.signal, "abort").length, 0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  } finally {
    process.off("warning", heard);
  }
});

test("a deadline that passes is what `late` says", async () => {
  await assert.rejects(
    withDeadline((signal) => once(signal, "abort").then(() => Promise.reject(new Error("cut"))), { call: "test", timeoutMs: 5, late }),
    { code: "timed_out" },
  );
});

test("work that ends, or fails, before its deadline is what comes of it", async () => {
  const deadline = { call: "test", timeoutMs: 60_000, late };
  assert.equal(await withDeadline(async () => "done", deadline), "done");
  await assert.rejects(
    withDeadline(async () => Promise.reject(new Error("broken")), deadline),
    /broken/,
  );
  assert.equal(await inTime(Promise.resolve("done"), deadline), "done");
  await assert.rejects(inTime(Promise.reject(new Error("broken")), deadline), /broken/);
});

test("a promise that knows no signal is left behind by a deadline, and by an abort", async () => {
  const never = new Promise<never>(() => undefined);
  await assert.rejects(inTime(never, { call: "test", timeoutMs: 5, late }), { code: "timed_out" });
  const stop = new AbortController();
  const waits = [inTime(never, { call: "test", signal: stop.signal, timeoutMs: 60_000, late }), unlessAborted(never, stop.signal, "test")];
  stop.abort();
  for (const wait of waits) await assert.rejects(wait, { code: "aborted", message: /^test: / });
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  await assert.rejects(unlessAborted(Promise.resolve("done"), stop.signal, "test"), { code: "aborted" });
  assert.equal(await unlessAborted(Promise.resolve("done"), undefined, "test"), "done");
});

test("within a limit: ended, however it ended, or late", async () => {
  assert.equal(await within(Promise.reject(new Error("broken")), 60_000), "ended");
  assert.equal(await within(new Promise(() => undefined), 5), "late");
});
