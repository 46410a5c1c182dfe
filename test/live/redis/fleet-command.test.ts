/** `headrace fleet` as a user runs it: shows the work in a real Redis, watches it, pauses, resumes, prunes and cancels it. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { type OpenQueue, openQueue } from "../../../src/app/index.js";
import type { Lease, Shard, ShardResult } from "../../../src/contracts/index.js";
import { ended, type Workspace, workspace } from "../../flow/command.js";
import { installRedis, type RedisServer, startRedis } from "../../support/services/redis.js";
import { skipUnless } from "../../support/services/required.js";

const skip = await skipUnless("Redis", installRedis);
const never = new AbortController().signal;

interface Document {
  readonly collection: string;
  readonly state: string;
  readonly waiting: number;
  readonly active: number;
  readonly done: number;
  readonly failed: number;
  readonly deadLetters: number;
  readonly images: { readonly read: number };
}

describe("headrace fleet", { skip }, () => {
  let redis: RedisServer;
  let space: Workspace;
  let opened: OpenQueue;
  let made = 0;
  before(async () => {
    redis = await startRedis();
    space = await workspace();
  });
  after(async () => {
    await redis?.stop();
    await space?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    made += 1;
    opened = await openQueue({ url: redis.url, collectionName: `photos-${made}` });
    await opened.queue.pin("{}");
    await opened.queue.filling();
    await opened.queue.filled(await opened.queue.add(shards(3)));
  });
  afterEach(async () => {
    await opened.queue.cancel();
    await opened.close();
  });
  const fleet = <T = Document>(code: number, ...args: readonly string[]) => space.json<T>(code, "fleet", ...args, "--queue", redis.url);
  const taken = async (): Promise<Lease> => {
    const lease = await opened.queue.take({ signal: never, whenDone: "end" });
    return lease ?? assert.fail("expected a shard, found none");
  };

  it("pauses: no shard is given out, until it resumes", async () => {
    assert.deepEqual(await fleet(0, "pause"), { collection: opened.collectionName, paused: true });
    assert.equal((await fleet(0)).state, "paused");
    const waiting = opened.queue.take({ signal: never, whenDone: "end" });
    const soon = AbortSignal.timeout(1_200);
    assert.equal(
      await Promise.race([waiting, new Promise((resolve) => soon.addEventListener("abort", () => resolve("paused")))]),
      "paused",
    );
    assert.deepEqual(await fleet(0, "resume"), { collection: opened.collectionName, paused: false });
    const lease = (await waiting) ?? assert.fail("expected a shard, found none");
    const { state, active, waiting: left } = await fleet(0);
    assert.deepEqual([state, active, left], ["working", 1, 2]);
    await lease.giveBack();
  });

  it("prunes: the sums stay, and a shard that is added again is looked at again", async () => {
    await (await taken()).acknowledge(result(10));
    assert.deepEqual(await fleet(0, "prune"), { collection: opened.collectionName, pruned: 1 });
    const { done, waiting, images } = await fleet(0);
    assert.deepEqual([done, waiting, images.read], [1, 2, 10]);
    assert.equal(await opened.queue.add(shards(3)), 1);
  });

  it("cancels: workers lose their shards, and nothing is left to show", async () => {
    const lease = await taken();
    assert.deepEqual(await fleet(0, "cancel"), { collection: opened.collectionName, cancelled: true });
    assert.equal(await lease.acknowledge(result(1)), "lost");
    assert.equal(await opened.queue.take({ signal: never, whenDone: "wait" }), null);
    const { error } = await fleet<{ readonly error: { readonly code: string; readonly hint: string } }>(1);
    assert.equal(error.code, "fleet_not_found");
    assert.match(error.hint, /headrace distribute/);
  });

  it("shows failed images and shards, with the code of a run in which some failed", async () => {
    await (await taken()).acknowledge({ ...result(10), failed: new Map([["a.jpg", "{}"]]) });
    assert.equal((await fleet(3)).deadLetters, 1);
    const { code, stdout, stderr } = await space.run("fleet", "--queue", redis.url);
    assert.deepEqual([code, stderr], [3, ""]);
    assert.match(stdout, /1 image failed: headrace retry photos-4 --queue/);
  });

  it("watches until everything is done, and shows each state on the way", async () => {
    const child = space.start("fleet", "--watch", "--queue", redis.url);
    const end = ended(child);
    const seen = printed(child);
    await seen(/3 waiting, 0 active, 0 done/);
    for (let shard = 0; shard < 3; shard += 1) await (await taken()).acknowledge(result(5));
    await (await taken()).acknowledge(null);
    const { code, stdout } = await end;
    assert.equal(code, 0);
    assert.match(stdout, /: done\. Shards: 0 waiting, 0 active, 3 done, 0 failed/);
    assert.match(stdout, /15 = 15 stored/);
  });

  it("stops to watch at Ctrl-C, and the work goes on", async () => {
    const child = space.start("fleet", "--watch", "--queue", redis.url);
    const end = ended(child);
    await printed(child)(/3 waiting/);
    child.kill("SIGINT");
    const { code, stderr } = await end;
    assert.equal(code, 130);
    assert.match(stderr, /The workers go on/);
    assert.equal((await fleet(0)).waiting, 3);
  });

  it("wants a name when the queue has work for several collections", async () => {
    const other = await openQueue({ url: redis.url, collectionName: "others" });
    await other.queue.pin("{}");
    try {
      const { error } = await fleet<{ readonly error: { readonly code: string; readonly message: string; readonly hint: string } }>(1);
      assert.match(error.message, /found others, photos-7/);
      assert.match(error.hint, /--collection/);
      assert.equal((await fleet(0, "--collection", "photos-7")).waiting, 3);
    } finally {
      await other.queue.cancel();
      await other.close();
    }
  });
});

function shards(count: number): readonly Shard[] {
  return Array.from({ length: count }, (_, at) => ({ id: `s-${at}`, items: 5, content: {} }));
}

function result(read: number): ShardResult {
  return { counts: { read, stored: read, reused: 0, skipped: 0, failed: 0 }, failed: new Map(), cured: [] };
}

/** Returns a function that waits until the process has printed a text. */
function printed(child: ReturnType<Workspace["start"]>): (text: RegExp) => Promise<void> {
  let all = "";
  const listeners = new Set<() => void>();
  const add = (chunk: Buffer | string) => {
    all += String(chunk);
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  return (text) =>
    new Promise((resolve) => {
      const look = () => {
        if (text.test(all)) resolve();
      };
      listeners.add(look);
      look();
    });
}
