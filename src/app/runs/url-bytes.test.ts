/** Images behind URLs wait for memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UrlBytes } from "./url-bytes.js";

const never = new AbortController().signal;

/** Tells whether a promise has been resolved by now. */
function watched(promise: Promise<void>): { readonly isDone: () => boolean } {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  return { isDone: () => done };
}

const turns = () => new Promise(setImmediate);

test("an image waits until the others leave memory for it", async () => {
  const memory = new UrlBytes({ maxImageBytes: 100, maxBytes: 100 });
  const [first, second, third] = [memory.share(), memory.share(), memory.share()];
  await first.take(60, never);
  const waiting = [watched(second.take(60, never)), watched(third.take(40, never))];
  await turns();
  assert.deepEqual(
    waiting.map(({ isDone }) => isDone()),
    [false, false],
  );
  first.shrink(40);
  await turns();
  assert.deepEqual(
    waiting.map(({ isDone }) => isDone()),
    [true, false],
  );
  first.release();
  await turns();
  assert.deepEqual(
    waiting.map(({ isDone }) => isDone()),
    [true, true],
  );
});

test("another attempt gives back what the first has taken, so it does not wait for itself", async () => {
  const memory = new UrlBytes({ maxImageBytes: 100, maxBytes: 100 });
  const share = memory.share();
  await share.take(100, never);
  await share.take(80, never);
  share.release();
  share.release();
  const other = memory.share();
  await other.take(100, never);
  assert.equal(watched(memory.share().take(1, never)).isDone(), false);
});

test("an image whose caller stops takes nothing", async () => {
  const memory = new UrlBytes({ maxImageBytes: 100, maxBytes: 100 });
  const [first, second, third] = [memory.share(), memory.share(), memory.share()];
  await first.take(100, never);
  const stop = new AbortController();
  const taking = second.take(100, stop.signal);
  stop.abort();
  await assert.rejects(taking, { code: "aborted" });
  second.release();
  first.release();
  await third.take(100, never);
});
