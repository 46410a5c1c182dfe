/** Requests end in time, with their signal, and leave nothing behind on it. */
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { withDeadline } from "./deadline.js";

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
    const requests = Array.from({ length: 30 }, () => withDeadline(stop.signal, 60_000, work, late));
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
  const never = new AbortController().signal;
  await assert.rejects(
    withDeadline(never, 5, (signal) => once(signal, "abort").then(() => Promise.reject(new Error("cut"))), late),
    { code: "timed_out" },
  );
});
