/** A system that gives no more threads for a moment is not the fault of an image. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromDecodeError } from "./errors.js";
import { whenThreadsAreFree } from "./threads.js";

const words = "glib: Error creating thread: Resource temporarily unavailable";
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

test("an image that libvips cannot decode for lack of threads is not called damaged", () => {
  const { code, retryable, message } = fromDecodeError(new Error(words), png);
  assert.deepEqual([code, retryable], ["overloaded", true]);
  assert.match(message, /expected a new thread/);
});

test("work that got no thread is tried again, other failures are not", async () => {
  let calls = 0;
  const third = async () => {
    calls += 1;
    if (calls < 3) throw new Error(words);
    return "decoded";
  };
  assert.equal(await whenThreadsAreFree(third), "decoded");
  assert.equal(calls, 3);
  const damaged = async () => {
    calls += 1;
    throw new Error("pngload: end of stream");
  };
  await assert.rejects(whenThreadsAreFree(damaged), /end of stream/);
  assert.equal(calls, 4);
});
