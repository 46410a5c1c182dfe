import assert from "node:assert/strict";
import { test } from "node:test";
import { ticket } from "./fakes.test.js";
import { LaneQueue, type QueueLimits } from "./queue.js";
import type { Ticket } from "./ticket.js";

const limits: QueueLimits = { maxItems: 8, batchItems: 4, batchBytes: Number.POSITIVE_INFINITY, lingerMs: 60_000, maxLingerMs: 60_000 };
const patient = () => false;

function push(queue: LaneQueue, ...tickets: Ticket[]): boolean[] {
  return tickets.map((one) => queue.push(one, performance.now()));
}

function seqs(batch: readonly Ticket[] | undefined): number[] | undefined {
  return batch?.map(({ item }) => item.seq);
}

function tickets(count: number, bytes = 10): Ticket[] {
  return Array.from({ length: count }, (_, seq) => ticket(seq, bytes));
}

test("a full queue refuses, and tells who waits when there is room", async () => {
  const queue = new LaneQueue({ ...limits, maxItems: 4 }, patient);
  assert.deepEqual(push(queue, ...tickets(5)), [true, true, true, true, false]);
  assert.equal(queue.maxQueued, 4);
  const room = queue.waitForRoom();
  assert.deepEqual(seqs(queue.tryTake(performance.now())), [0, 1, 2, 3]);
  await room;
  assert.deepEqual(push(queue, ticket(4)), [true]);
  queue.halt();
});

test("everybody who waits for room is woken, one for each free place", async () => {
  const queue = new LaneQueue({ ...limits, maxItems: 4 }, patient);
  push(queue, ...tickets(4));
  const rooms = [queue.waitForRoom(), queue.waitForRoom(), queue.waitForRoom()];
  queue.tryTake(performance.now());
  await Promise.all(rooms);
});

test("a full batch goes at once; what is left lingers", async () => {
  const queue = new LaneQueue(limits, patient);
  const batch = queue.take();
  push(queue, ...tickets(5));
  assert.deepEqual(seqs(await batch), [0, 1, 2, 3]);
  assert.equal(queue.tryTake(performance.now()), undefined);
  assert.equal(queue.size, 1);
  queue.halt();
});

test("a part of a batch goes when its oldest item has lingered long enough", async () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 20, maxLingerMs: 20 }, patient);
  const startedAt = performance.now();
  push(queue, ...tickets(2));
  assert.deepEqual(seqs(await queue.take()), [0, 1]);
  assert.ok(performance.now() - startedAt >= 20);
  queue.halt();
});

test("the age counts from the queue's entrance: items that waited for a busy worker do not linger again", () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 20, maxLingerMs: 20 }, patient);
  const longAgo = performance.now() - 20;
  queue.push(ticket(0), longAgo);
  push(queue, ticket(1));
  assert.deepEqual(seqs(queue.tryTake(performance.now())), [0, 1]);
});

test("while items keep coming, a batch waits until it is full", () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 50, maxLingerMs: 1_000 }, patient);
  const tookAt = [0, 40, 80].map((now, seq) => [queue.push(ticket(seq), now), queue.tryTake(now + 39)]);
  assert.deepEqual(tookAt, [
    [true, undefined],
    [true, undefined],
    [true, undefined],
  ]);
  queue.push(ticket(3), 120);
  assert.deepEqual(seqs(queue.tryTake(120)), [0, 1, 2, 3]);
});

test("a part of a batch goes when no item has come for the linger time", () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 50, maxLingerMs: 1_000 }, patient);
  queue.push(ticket(0), 0);
  queue.push(ticket(1), 40);
  assert.equal(queue.tryTake(89), undefined);
  assert.deepEqual(seqs(queue.tryTake(90)), [0, 1]);
});

test("a part of a batch goes after the longest linger time, even if items keep coming", () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 50, maxLingerMs: 100 }, patient);
  [0, 45, 90].forEach((now, seq) => {
    queue.push(ticket(seq), now);
  });
  assert.equal(queue.tryTake(99), undefined);
  assert.deepEqual(seqs(queue.tryTake(100)), [0, 1, 2]);
});

test("the timer of a waiting worker follows the last item", async () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 30, maxLingerMs: 60_000 }, patient);
  const batch = queue.take();
  push(queue, ticket(0));
  setTimeout(() => push(queue, ticket(1)), 15);
  assert.deepEqual(seqs(await batch), [0, 1]);
});

test("without linger, what one producer hands over in one go makes one batch", async () => {
  const queue = new LaneQueue({ ...limits, lingerMs: 0, maxLingerMs: 0 }, patient);
  const batch = queue.take();
  push(queue, ...tickets(3));
  assert.deepEqual(seqs(await batch), [0, 1, 2]);
  queue.halt();
});

test("a batch ends before it would exceed its bytes", async () => {
  const queue = new LaneQueue({ ...limits, batchBytes: 25 }, patient);
  const first = queue.take();
  push(queue, ...tickets(4));
  assert.deepEqual(seqs(await first), [0, 1]);
  queue.close();
  assert.deepEqual(seqs(await queue.take()), [2, 3]);
});

test("an item larger than a whole batch goes alone", async () => {
  const queue = new LaneQueue({ ...limits, batchBytes: 25 }, patient);
  push(queue, ticket(0), ticket(1, 1_000), ticket(2));
  queue.close();
  assert.deepEqual([await queue.take(), await queue.take(), await queue.take(), await queue.take()].map(seqs), [[0], [1], [2], undefined]);
});

test("those who take are served in the order in which they came, and one forms its batch at a time", async () => {
  const queue = new LaneQueue(limits, patient);
  const served: string[] = [];
  const first = queue.take().then((batch) => served.push(`first ${seqs(batch)}`));
  const second = queue.take().then((batch) => served.push(`second ${seqs(batch)}`));
  push(queue, ...tickets(2));
  assert.equal(queue.tryTake(performance.now()), undefined);
  push(queue, ticket(2), ticket(3), ticket(4));
  await first;
  queue.close();
  await second;
  assert.deepEqual(served, ["first 0,1,2,3", "second 4"]);
});

test("a full queue ends lingering even if the batch is limited by bytes only", async () => {
  const queue = new LaneQueue({ ...limits, maxItems: 3, batchItems: 100 }, patient);
  const batch = queue.take();
  push(queue, ...tickets(3));
  assert.deepEqual(seqs(await batch), [0, 1, 2]);
  queue.halt();
});

test("closing ends lingering; a closed and empty queue answers undefined", async () => {
  const queue = new LaneQueue(limits, patient);
  const [first, second] = [queue.take(), queue.take()];
  push(queue, ticket(0));
  queue.close();
  assert.deepEqual([seqs(await first), await second, await queue.take()], [[0], undefined, undefined]);
});

test("urgency ends lingering when somebody looks", async () => {
  let urgent = false;
  const queue = new LaneQueue(limits, () => urgent);
  const batch = queue.take();
  push(queue, ...tickets(2));
  urgent = true;
  queue.recheck();
  assert.deepEqual(seqs(await batch), [0, 1]);
  queue.halt();
});

test("a halt lets everybody go and drops what waits and comes", async () => {
  const queue = new LaneQueue({ ...limits, maxItems: 4 }, patient);
  push(queue, ...tickets(4));
  const room = queue.waitForRoom();
  queue.halt();
  await room;
  assert.equal(await queue.take(), undefined);
  assert.deepEqual(push(queue, ticket(5)), [true]);
  assert.equal(queue.size, 0);
});
