import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { listenForAbort } from "./signals.js";

test("any number of calls may wait on one signal, and Node warns of none", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on("warning", onWarning);
  try {
    const controller = new AbortController();
    let told = 0;
    for (let call = 0; call < 100; call += 1) listenForAbort(controller.signal, () => (told += 1));
    await setImmediate();
    controller.abort();
    assert.deepEqual([told, warnings], [100, []]);
    const plain = new AbortController();
    for (let call = 0; call < 20; call += 1) plain.signal.addEventListener("abort", () => {});
    const [warning] = (await once(process, "warning")) as [Error];
    assert.equal(warning.name, "MaxListenersExceededWarning", "without it Node does warn");
  } finally {
    process.off("warning", onWarning);
  }
});
