/** Supervised worker threads: answers, failures, aborts and deaths. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { EchoRequest, EchoSettings } from "../../../test/fakes/echo-worker.js";
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import { WorkerPool } from "./worker-pool.js";

const never = new AbortController().signal;
const url = new URL("../../../test/fakes/echo-worker.js", import.meta.url);
let opened: { readonly pool: WorkerPool<string, EchoRequest, number>; readonly gate: Int32Array } | null = null;

function makePool(size: number, opening: EchoSettings["opening"] = "work", minSize = size) {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const returned: ArrayBuffer[] = [];
  const settings: EchoSettings = { opening, gate };
  const pool = new WorkerPool<string, EchoRequest, number>({
    name: "echo",
    url,
    settings,
    size,
    minSize,
    giveBack: (buffer) => returned.push(buffer),
  });
  opened = { pool, gate };
  return { pool, returned, openGate: () => releaseGate(gate) };
}

function releaseGate(gate: Int32Array): void {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
}

function buffer(first: number): ArrayBuffer {
  return Uint8Array.of(first, 0, 0, 0).buffer;
}

function withCode(code: ErrorCode, words = /./) {
  return (error: unknown) => HeadraceError.is(error) && error.code === code && words.test(error.message);
}

afterEach(async () => {
  if (opened !== null) releaseGate(opened.gate);
  await opened?.pool.close();
});

test("tells what the workers said when they were ready", async () => {
  assert.equal(await makePool(2).pool.open(never), "hello");
});

test("each call gets its own answer, however many wait, and every buffer comes back", async () => {
  const { pool, returned } = makePool(2);
  await pool.open(never);
  const calls = Array.from({ length: 20 }, (_, n) => n);
  assert.deepEqual(await Promise.all(calls.map((n) => pool.call("echo", buffer(n), never))), calls);
  assert.equal(returned.length, 20);
  assert.ok(returned.every(({ byteLength }) => byteLength === 4));
});

test("a buffer given to a call is not the caller's any more", async () => {
  const { pool } = makePool(1);
  await pool.open(never);
  const given = buffer(1);
  await pool.call("echo", given, never);
  assert.equal(given.byteLength, 0);
});

test("what a worker throws arrives with code, scope and item, and its buffer comes back", async () => {
  const { pool, returned } = makePool(1);
  await pool.open(never);
  await assert.rejects(
    pool.call("fail", buffer(1), never),
    (error) =>
      withCode("inference_failed", /poison/)(error) && HeadraceError.is(error) && error.item === "a.png" && error.scope === "batch",
  );
  assert.equal(returned.length, 1);
  assert.equal(await pool.call("echo", buffer(5), never), 5);
});

test("a worker that dies fails its own call with a retryable error, and is replaced", async () => {
  const { pool } = makePool(1);
  await pool.open(never);
  const [dying, waiting] = [pool.call("die", buffer(1), never), pool.call("echo", buffer(2), never)];
  await assert.rejects(dying, (error) => withCode("inference_failed", /died/)(error) && HeadraceError.is(error) && error.retryable);
  assert.equal(await waiting, 2);
});

test("after three deaths in a row the pool gives up, for good and for the whole run", async () => {
  const { pool, returned } = makePool(1);
  await pool.open(never);
  const calls = [1, 2, 3].map((n) => pool.call("die", buffer(n), never));
  const waiting = pool.call("echo", buffer(4), never);
  await Promise.all([
    ...calls.map((call) => assert.rejects(call)),
    assert.rejects(waiting, withCode("inference_failed", /3 times in a row/)),
  ]);
  await assert.rejects(pool.call("echo", buffer(5), never), (error) => HeadraceError.is(error) && error.scope === "run");
  assert.equal(returned.length, 2);
});

test("an answer between two deaths forgives the first", async () => {
  const { pool } = makePool(1);
  await pool.open(never);
  for (let round = 0; round < 4; round += 1) {
    await assert.rejects(pool.call("die", buffer(0), never));
    assert.equal(await pool.call("echo", buffer(round), never), round);
  }
});

test("an abort stops waiting at once; the late answer is dropped and its buffer comes back", async () => {
  const { pool, returned, openGate } = makePool(1);
  await pool.open(never);
  const controller = new AbortController();
  const pending = pool.call("wait", buffer(1), controller.signal);
  controller.abort();
  await assert.rejects(pending, withCode("aborted"));
  assert.equal(returned.length, 0);
  openGate();
  assert.equal(await pool.call("echo", buffer(2), never), 2);
  assert.equal(returned.length, 2);
});

test("an abort takes a waiting call out of the queue", async () => {
  const { pool, returned, openGate } = makePool(1);
  await pool.open(never);
  const first = pool.call("wait", buffer(1), never);
  const controller = new AbortController();
  const second = pool.call("echo", buffer(2), controller.signal);
  controller.abort();
  await assert.rejects(second, withCode("aborted"));
  assert.equal(returned.length, 1);
  openGate();
  assert.equal(await first, 1);
});

test("a call that is aborted from the start is not made", async () => {
  const { pool, returned } = makePool(1);
  await pool.open(never);
  await assert.rejects(pool.call("die", buffer(1), AbortSignal.abort()), withCode("aborted"));
  assert.equal(returned.length, 1);
});

test("open throws what keeps a worker from opening", async () => {
  await assert.rejects(makePool(2, "refuse").pool.open(never), withCode("model_invalid", /poem/));
});

test("open throws when a worker dies while it opens, and does not try for ever", async () => {
  await assert.rejects(makePool(2, "die").pool.open(never), withCode("inference_failed", /died/));
});

test("a pool that may be smaller opens with the workers that have started, tells why the others have not, and does not start them again", async () => {
  const { pool } = makePool(4, "one works", 1);
  assert.equal(await pool.open(never), "hello");
  assert.equal(pool.size, 1);
  assert.match(pool.refusal?.message ?? "", /poem/);
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => pool.call("echo", buffer(n), never))), [1, 2, 3]);
  assert.equal(pool.size, 1);
});

test("a pool that may be smaller, but has no worker, does not open", async () => {
  await assert.rejects(makePool(3, "refuse", 1).pool.open(never), withCode("model_invalid", /poem/));
});

test("an abort stops open", async () => {
  const controller = new AbortController();
  const opening = makePool(1).pool.open(controller.signal);
  controller.abort();
  await assert.rejects(opening, withCode("aborted"));
});

test("close lets the running call finish, refuses the waiting one and those that follow", async () => {
  const { pool, openGate } = makePool(1);
  await pool.open(never);
  const running = pool.call("wait", buffer(1), never);
  const waiting = pool.call("echo", buffer(2), never);
  const closing = pool.close();
  await assert.rejects(waiting, withCode("aborted"));
  await assert.rejects(pool.call("echo", buffer(3), never), withCode("aborted"));
  openGate();
  assert.equal(await running, 1);
  await closing;
});
