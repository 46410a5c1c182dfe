import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { whenAvailable } from "./patience.js";

const never = new AbortController().signal;
const away = () => new HeadraceError("store_unavailable", "the store is away");

test("a call is repeated while its service is away, and each wait is reported", async () => {
  const waits: number[] = [];
  let calls = 0;
  const call = async () => {
    calls += 1;
    if (calls < 3) throw away();
    return "there";
  };
  assert.equal(await whenAvailable(call, { signal: never, onUnavailable: (_, delayMs) => void waits.push(delayMs) }), "there");
  assert.deepEqual(waits, [500, 1000]);
});

test("an error that is not about a service is thrown at once", async () => {
  const call = async () => Promise.reject(new HeadraceError("passport_mismatch", "another model"));
  const options = { signal: never, onUnavailable: () => assert.fail("expected no wait") };
  await assert.rejects(whenAvailable(call, options), { code: "passport_mismatch" });
});

test("a service that stays away is reported with its own error when the time is over", async () => {
  const call = async () => Promise.reject(away());
  await assert.rejects(whenAvailable(call, { maxOutageMs: 0, signal: never, onUnavailable: () => undefined }), {
    code: "store_unavailable",
  });
});

test("a signal ends the wait, and the error names what was waited for", async () => {
  const stop = new AbortController();
  const call = async () => Promise.reject(away());
  const options = { signal: stop.signal, onUnavailable: () => stop.abort() };
  await assert.rejects(whenAvailable(call, options), { code: "aborted", message: /the store is away/ });
});
