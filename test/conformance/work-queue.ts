/** What every work queue does. */
import assert from "node:assert/strict";
import { after as afterAll, afterEach, before, beforeEach, describe, it } from "node:test";
import { HeadraceError, type Lease, type Shard, type ShardResult, type WorkQueue } from "../../src/contracts/index.js";

export interface WorkQueueUnderTest {
  /** Another open connection to the same work. */
  connect(): Promise<WorkQueue>;
  /** Takes a shard in a process that then dies without a word. */
  takeAndCrash(): Promise<void>;
}

export interface WorkQueueHarness {
  /** Work of its own, whose leases end after `leaseMs`. */
  make(leaseMs: number): Promise<WorkQueueUnderTest>;
  close(): Promise<void>;
}

const leaseMs = 600;
const never = new AbortController().signal;
const untilDone = { signal: never, whenDone: "end" } as const;

export function workQueueConformance(name: string, start: () => Promise<WorkQueueHarness>, skip: string | false = false): void {
  describe(`work queue: ${name}`, { skip }, () => {
    let harness: WorkQueueHarness;
    let under: WorkQueueUnderTest;
    let queue: WorkQueue;
    const opened: WorkQueue[] = [];
    const connect = async () => {
      const connection = await under.connect();
      opened.push(connection);
      return connection;
    };
    const fill = async (count: number) => {
      await queue.pin("plan");
      await queue.filling();
      await queue.filled(await queue.add(shards(count)));
    };
    before(async () => {
      harness = await start();
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      under = await harness.make(leaseMs);
      queue = await connect();
    });
    afterEach(async () => {
      for (const connection of opened.splice(0)) await connection.close?.();
    });

    it("keeps the plan that was pinned first", async () => {
      assert.equal(await queue.plan(), null);
      assert.equal(await queue.pin("first"), "first");
      assert.equal(await (await connect()).pin("second"), "first");
      assert.equal(await queue.plan(), "first");
    });

    it("adds a shard once, also when it is done", async () => {
      await fill(3);
      assert.equal(await queue.add(shards(5)), 2);
      assert.equal((await queue.status()).shards.waiting, 5);
      const lease = await taken(queue);
      await lease.acknowledge(result(10));
      assert.equal(await queue.add(shards(5)), 0);
    });

    it("gives each of 200 shards to one of four workers, with its content", async () => {
      await fill(200);
      const seen: Shard[] = [];
      const work = async () => {
        const connection = await connect();
        for (let lease = await connection.take(untilDone); lease !== null; lease = await connection.take(untilDone)) {
          if (lease.work !== "upkeep") seen.push(lease.work);
          assert.equal(await lease.acknowledge(lease.work === "upkeep" ? null : result(1)), "done");
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      assert.deepEqual(sorted(seen), shards(200));
    });

    it("extends a lease as long as it is held", async () => {
      await fill(1);
      const lease = await taken(queue);
      const other = await connect();
      const stop = after(3 * leaseMs);
      assert.equal(await other.take({ signal: stop, whenDone: "end" }), null);
      assert.equal(lease.lost.aborted, false);
      assert.equal(await lease.acknowledge(result(1)), "done");
    });

    it("gives a shard that is given back to the next worker at once", async () => {
      await fill(1);
      const first = await taken(queue);
      await first.giveBack();
      const second = await taken(await connect());
      assert.deepEqual(second.work, first.work);
      assert.equal(await first.acknowledge(result(1)), "lost");
      assert.equal(await second.acknowledge(result(1)), "done");
    });

    it("gives the shard of a worker that died to another one", async () => {
      await fill(1);
      await under.takeAndCrash();
      assert.equal((await queue.status()).shards.active, 1);
      assert.deepEqual((await taken(queue)).work, shards(1)[0]);
    });

    it("gives upkeep out once, when all shards have ended", async () => {
      await fill(2);
      const [one, two] = [await taken(queue), await taken(await connect())];
      assert.equal((await queue.status()).upkeep, "none");
      await one.acknowledge(result(1));
      await two.fail(new HeadraceError("source_failed", "gone"));
      await untilFailed(queue);
      const last = await taken(queue);
      assert.equal(last.work, "upkeep");
      assert.equal((await queue.status()).upkeep, "active");
      assert.equal(await last.acknowledge(null), "done");
      assert.equal(await queue.take(untilDone), null);
      assert.equal(await (await connect()).take(untilDone), null);
      assert.deepEqual((await queue.status()).shards, { waiting: 0, active: 0, done: 1, failed: 1 });
    });

    it("gives the upkeep of a worker that died to another one, once", async () => {
      await fill(1);
      await (await taken(queue)).acknowledge(result(1));
      await under.takeAndCrash();
      assert.equal((await queue.status()).upkeep, "active");
      const other = await connect();
      const lease = await taken(other);
      assert.equal(lease.work, "upkeep");
      assert.equal(await lease.acknowledge(null), "done");
      assert.deepEqual([await queue.take(untilDone), await other.take(untilDone)], [null, null]);
      const { upkeep, shards } = await queue.status();
      assert.deepEqual([upkeep, shards.done, shards.failed], ["done", 1, 0]);
    });

    it("gives upkeep out again after more shards", async () => {
      await fill(1);
      await (await taken(queue)).acknowledge(result(1));
      await (await taken(queue)).acknowledge(null);
      await fill(2);
      await (await taken(queue)).acknowledge(result(1));
      assert.equal((await taken(queue)).work, "upkeep");
    });

    it("tries a shard three times, and names the reason when it has failed", async () => {
      await fill(1);
      await untilFailed(queue);
      const { shards: counts, failures } = await queue.status();
      assert.deepEqual(counts, { waiting: 0, active: 0, done: 0, failed: 1 });
      assert.deepEqual(failures, [{ id: shards(1)[0]?.id, message: "gone" }]);
      assert.equal(await queue.retryFailed(), 1);
      assert.equal((await queue.status()).shards.waiting, 1);
    });

    it("waits while shards are still being added, and when it is told to", async () => {
      await queue.pin("plan");
      await queue.filling();
      assert.equal(await queue.take({ signal: after(100), whenDone: "end" }), null);
      const coming = queue.take(untilDone);
      await (await connect()).add(shards(1));
      assert.deepEqual((await coming)?.work, shards(1)[0]);
    });

    it("gives nothing out while it is paused", async () => {
      await fill(1);
      await queue.pause();
      assert.equal((await queue.status()).paused, true);
      assert.equal(await queue.take({ signal: after(100), whenDone: "end" }), null);
      assert.equal((await queue.status()).shards.waiting, 1);
      await queue.resume();
      assert.equal((await queue.status()).paused, false);
      await taken(queue);
    });

    it("ends leases and waiting workers when it is cancelled, and keeps entries of failures", async () => {
      await fill(2);
      const first = await taken(queue);
      await first.acknowledge({ ...result(1), failed: new Map([["a.jpg", "entry a"]]) });
      const lease = await taken(queue);
      const lost = new Promise((resolve) => lease.lost.addEventListener("abort", resolve));
      await (await connect()).cancel();
      await lost;
      assert.equal(await lease.acknowledge(result(1)), "lost");
      assert.equal(await queue.take({ signal: never, whenDone: "wait" }), null);
      const { shards: counts, deadLetters } = await queue.status();
      assert.deepEqual([counts, deadLetters], [{ waiting: 0, active: 0, done: 0, failed: 0 }, 1]);
    });

    it("adds up results, once for each shard, and keeps the sums of shards that it forgets", async () => {
      await fill(2);
      await (await taken(queue)).acknowledge(result(10));
      await (await taken(queue)).acknowledge(result(5));
      await (await taken(queue)).acknowledge(null);
      const before = await queue.status();
      assert.deepEqual(before.counts, { read: 15, stored: 15, reused: 0, skipped: 0, failed: 0 });
      assert.equal(await queue.prune(), 2);
      const { counts, shards: kept } = await queue.status();
      assert.deepEqual([counts, kept.done], [before.counts, 2]);
      assert.equal(await queue.add(shards(2)), 2);
    });

    it("keeps one entry for each image that failed, until it is stored", async () => {
      await fill(2);
      const many = Array.from({ length: 1_200 }, (_, at) => [`${at}.jpg`, `entry ${at}`] as const);
      await (await taken(queue)).acknowledge({ ...result(1), failed: new Map(many) });
      assert.equal((await all(queue.deadLetters())).length, 1_200);
      const cured = many.slice(2).map(([source]) => source);
      await (await taken(queue)).acknowledge({ ...result(1), cured, failed: new Map([["0.jpg", "again"]]) });
      assert.deepEqual((await all(queue.deadLetters())).sort(), ["again", "entry 1"]);
      assert.equal((await queue.status()).deadLetters, 2);
    });

    it("shows the last note of each worker", async () => {
      const note = {
        id: "w",
        host: "h",
        pid: 1,
        startedAt: 1,
        at: 2,
        state: "working",
        stored: 3,
        imagesPerSecond: 4,
        verdict: "v",
      } as const;
      await queue.announce(note);
      await queue.announce({ ...note, stored: 5, state: "ended" });
      assert.deepEqual((await (await connect()).status()).workers, [{ ...note, stored: 5, state: "ended" }]);
      await queue.prune();
      assert.deepEqual((await queue.status()).workers, []);
    });
  });
}

function shards(count: number): readonly Shard[] {
  return Array.from({ length: count }, (_, at) => ({ id: `s-${String(at).padStart(4, "0")}`, items: at, content: { kind: "test", at } }));
}

function sorted(seen: readonly Shard[]): readonly Shard[] {
  return [...seen].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function result(stored: number): ShardResult {
  return { counts: { read: stored, stored, reused: 0, skipped: 0, failed: 0 }, failed: new Map(), cured: [] };
}

async function taken(queue: WorkQueue): Promise<Lease> {
  const lease = await queue.take(untilDone);
  assert.ok(lease !== null, "expected work, found none");
  return lease;
}

/** Fails the remaining shard until it is tried no more. */
async function untilFailed(queue: WorkQueue): Promise<void> {
  while ((await queue.status()).shards.failed === 0) await (await taken(queue)).fail(new HeadraceError("source_failed", "gone"));
}

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of from) found.push(each);
  return found;
}

/** Unlike `AbortSignal.timeout`, this keeps the process alive. */
function after(delayMs: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), delayMs);
  return controller.signal;
}
