/** Runs that end by themselves. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeadraceError, type Lane, type Observer, type Part, type RunEvent, type RunOptions } from "../contracts/index.js";
import { counts, errorOf, fast, gateOf, itemOf, itemsOf, Log, ok, sinkOf, sourceOf, stageOf, stored } from "./fakes.test.js";
import { from, type Pipeline } from "./pipeline.js";
import { startRun } from "./run.js";

const timeout = 10_000;
const batched: Lane = { batch: { maxItems: 8, lingerMs: 5 }, queue: { maxItems: 16 } };

async function report(pipeline: Pipeline, options: RunOptions = {}) {
  return startRun(pipeline, options, fast).done;
}

for (const schedule of ["overlapped", "sequential"] as const) {
  describe(`the ${schedule} schedule`, { timeout }, () => {
    test("stores, skips, reuses and fails, and tells observer and source the same once an item", async () => {
      const log = new Log();
      const settled: unknown[] = [];
      const source = sourceOf(itemsOf(200), { settle: (outcome) => void settled.push(outcome) });
      const stage = stageOf("known", (batch) =>
        batch.map((item) => {
          if (item.seq % 4 === 0) return { kind: "skip", seq: item.seq, reason: "known" };
          if (item.seq % 4 === 1) return { kind: "bypass", item };
          if (item.seq % 4 === 2) return { kind: "fail", seq: item.seq, error: errorOf("item") };
          return ok(item);
        }),
      );
      const rest = stageOf("rest", (batch) => {
        assert.ok(batch.every(({ seq }) => seq % 4 === 3));
        return batch.map(ok);
      });
      const pipeline = from(source).through(stage, batched).through(rest, batched).into(sinkOf(), batched);
      const result = await report(pipeline, { schedule, observer: log.observer });
      assert.deepEqual([result.ended, result.error], ["completed", undefined]);
      assert.deepEqual(counts(result), [200, 100, 50, 50, 50, 0]);
      assert.deepEqual(log.outcomes(), settled);
      const reused = log.outcomes().filter((outcome) => outcome.kind === "stored" && outcome.reused);
      assert.ok(reused.length === 50 && reused.every(({ seq }) => seq % 4 === 1));
      const failed = log.outcomes().find((outcome) => outcome.kind === "failed");
      assert.deepEqual(failed?.kind === "failed" && [failed.stage, failed.attempts, failed.error.code], ["known", 1, "source_unreadable"]);
    });

    test("the four times of a sink account for most of the run, and never for more than its workers had", async () => {
      const slow = sinkOf(async (batch) => {
        await new Promise((fulfil) => setTimeout(fulfil, 20));
        return batch.map(stored);
      });
      const result = await report(from(sourceOf(itemsOf(40))).into(slow, { ...batched, concurrency: 2 }), { schedule });
      const [sink] = result.stages;
      const spentMs = (sink?.busyMs ?? 0) + (sink?.starvedMs ?? 0) + (sink?.blockedMs ?? 0) + (sink?.waitingMs ?? 0);
      assert.ok((sink?.busyMs ?? 0) >= 90, `five batches of 20 ms are busy, not ${sink?.busyMs} ms`);
      assert.ok(spentMs > 0.5 * 2 * result.elapsedMs && spentMs <= 2 * result.elapsedMs + 1, `${spentMs} ms of 2 × ${result.elapsedMs}`);
    });

    test("outcomes carry the facts as the last stage left them", async () => {
      const log = new Log();
      const stage = stageOf("read", (batch) => batch.map((item) => ok({ ...item, facts: { ...item.facts, content: "abc" } })));
      await report(
        from(sourceOf(itemsOf(1)))
          .through(stage)
          .into(sinkOf()),
        { schedule, observer: log.observer },
      );
      assert.equal(log.outcomes()[0]?.facts.content, "abc");
    });

    test("a second item whose id is in flight is skipped, and a later one is not", async () => {
      const log = new Log();
      const items = [itemOf(0, { id: 7n }), itemOf(1, { id: 7n }), itemOf(2, { id: "7" })];
      const { opened, open } = gateOf();
      const source = sourceOf([], {
        async *read() {
          yield* items;
          await opened;
          yield itemOf(3, { id: 7n });
        },
        settle: ({ kind }) => (kind === "stored" ? open() : undefined),
      });
      const result = await report(from(source).into(sinkOf(), batched), { schedule, sequentialBatch: 2, observer: log.observer });
      assert.deepEqual(counts(result), [4, 3, 0, 1, 0, 0]);
      const skipped = log.outcomes().find((outcome) => outcome.kind === "skipped");
      assert.deepEqual(skipped?.kind === "skipped" && [skipped.seq, skipped.stage, skipped.reason], [1, "source", "duplicate"]);
    });

    test("another item whose id is in flight fails and names both sources", async () => {
      const log = new Log();
      const items = [itemOf(0, { id: 7n }), itemOf(1, { id: 7n, facts: { ...itemOf(1).facts, source: "file:///b.png" } })];
      const result = await report(from(sourceOf(items)).into(sinkOf(), batched), { schedule, sequentialBatch: 2, observer: log.observer });
      assert.deepEqual(counts(result), [2, 1, 0, 0, 1, 0]);
      const failed = log.outcomes().find((outcome) => outcome.kind === "failed");
      assert.ok(failed?.kind === "failed");
      assert.deepEqual([failed.seq, failed.error.code, failed.error.item], [1, "id_duplicate", "file:///b.png"]);
      assert.match(failed.error.message, /file:\/\/\/a\.png and file:\/\/\/b\.png/);
    });

    test("what a source refuses is settled as it says and reaches no stage", async () => {
      const log = new Log();
      const error = new HeadraceError("input_invalid", "line 1", { scope: "item" });
      const items = [
        itemOf(0, { refused: { kind: "fail", error } }),
        itemOf(1, { refused: { kind: "skip", reason: "bad_line" } }),
        itemOf(2, { id: "id-0" }),
      ];
      const seen: number[] = [];
      const stage = stageOf("a", (batch) => {
        seen.push(...batch.map(({ seq }) => seq));
        return batch.map(ok);
      });
      const result = await report(from(sourceOf(items)).through(stage).into(sinkOf()), { schedule, observer: log.observer });
      assert.deepEqual(counts(result), [3, 1, 0, 1, 1, 0]);
      assert.deepEqual(seen, [2]);
      const outcomes = log.outcomes().map((outcome) => [outcome.seq, outcome.kind, "reason" in outcome ? outcome.reason : null]);
      assert.deepEqual(outcomes.slice(0, 2), [
        [0, "failed", null],
        [1, "skipped", "bad_line"],
      ]);
    });

    test("an empty source ends at once", async () => {
      assert.deepEqual(counts(await report(from(sourceOf([])).through(stageOf("a")).into(sinkOf()), { schedule })), [0, 0, 0, 0, 0, 0]);
    });

    test("more items than the budget go through the byte gate, an item larger than it alone", async () => {
      let inside = 0;
      const loads: number[] = [];
      const items = itemsOf(60).map((item) => ({ ...item, bytes: item.seq === 30 ? 500 : 40 }));
      const enter = stageOf("read", (batch) => {
        for (const { bytes } of batch) inside += bytes;
        loads.push(inside);
        return batch.map(ok);
      });
      const source = sourceOf(items, {
        settle: ({ seq }) => {
          inside -= seq === 30 ? 500 : 40;
        },
      });
      const pipeline = from(source)
        .through(stageOf("known"), batched)
        .through(enter, { admit: true, concurrency: 3 })
        .into(sinkOf(), batched);
      const result = await report(pipeline, { schedule, memoryBudgetBytes: 100 });
      assert.deepEqual([result.stored, result.peakBytes, result.inFlightBytes], [60, 500, 0]);
      assert.ok(
        loads.every((load) => load <= 100 || load === 500),
        `${loads}`,
      );
    });

    test("a contract that a stage breaks ends the run and names the stage", async () => {
      const forgetful = stageOf("forgetful", (batch) => batch.slice(1).map(ok));
      const result = await report(
        from(sourceOf(itemsOf(20)))
          .through(forgetful, batched)
          .into(sinkOf()),
        { schedule },
      );
      assert.deepEqual([result.ended, result.error?.code], ["failed", "contract_broken"]);
      assert.match(result.error?.message ?? "", /"forgetful"/);
      assert.equal(result.read, result.abandoned);
    });

    test("an error of scope run stops everything at once; what is in flight is abandoned", async () => {
      const log = new Log();
      const full = sinkOf((batch) => (batch.some(({ seq }) => seq === 50) ? Promise.reject(errorOf("run")) : batch.map(stored)));
      const result = await report(
        from(sourceOf(itemsOf(500)))
          .through(stageOf("a"), batched)
          .into(full, batched),
        {
          schedule,
          observer: log.observer,
        },
      );
      assert.deepEqual([result.ended, result.error?.code], ["failed", "disk_full"]);
      assert.ok(result.abandoned > 0 && result.read < 500);
      assert.equal(log.outcomes().length, result.read);
      assert.deepEqual(log.of("stopping"), [{ kind: "stopping", how: "hard" }]);
    });

    test("a source that fails: what was read is finished, then the run has failed", async () => {
      const source = sourceOf([], {
        async *read() {
          yield* itemsOf(20);
          throw new Error("the bucket is gone");
        },
      });
      const result = await report(from(source).through(stageOf("a"), batched).into(sinkOf(), batched), { schedule });
      assert.deepEqual(counts(result), [20, 20, 0, 0, 0, 0]);
      assert.deepEqual([result.ended, result.error?.code], ["failed", "source_failed"]);
      assert.match(result.error?.message ?? "", /the bucket is gone/);
    });

    test("a source's own error keeps its code", async () => {
      const source = sourceOf([], {
        read() {
          throw errorOf("run");
        },
      });
      assert.equal((await report(from(source).into(sinkOf()), { schedule })).error?.code, "disk_full");
    });

    test("numbers that do not ascend end the run", async () => {
      const source = sourceOf([itemOf(0), itemOf(2), itemOf(1)]);
      const { error, read } = await report(from(source).into(sinkOf(), batched), { schedule });
      assert.deepEqual([error?.code, read], ["contract_broken", 2]);
      assert.match(error?.message ?? "", /"source", seq of an item: expected a number above 2, found 1/);
    });

    test("too many failures end the run, by number or by share", async () => {
      const bad = stageOf("bad", (batch) => batch.map(({ seq }) => ({ kind: "fail", seq, error: errorOf("item") })));
      const pipeline = () =>
        from(sourceOf(itemsOf(1_000)))
          .through(bad, batched)
          .into(sinkOf());
      const byNumber = await report(pipeline(), { schedule, maxFailed: 10 });
      assert.deepEqual([byNumber.ended, byNumber.error?.code], ["failed", "too_many_failures"]);
      assert.ok(byNumber.failed > 10 && byNumber.failed <= 10 + 8);
      const byShare = await report(pipeline(), { schedule, maxFailedRatio: 0.5 });
      assert.equal(byShare.error?.code, "too_many_failures");
      assert.ok(byShare.failed >= 100 && byShare.failed < 200);
      assert.equal((await report(pipeline(), { schedule, maxFailed: 1_000, maxFailedRatio: 1 })).ended, "completed");
    });

    test("a dead service is waited for: few calls, nobody fails, and it ends the run when it is away too long", async () => {
      const log = new Log();
      let calls = 0;
      const dead = sinkOf(() => {
        calls += 1;
        throw errorOf("service");
      });
      const lane = { ...batched, concurrency: 4 };
      const result = await report(from(sourceOf(itemsOf(64))).into(dead, lane), { schedule, maxOutageMs: 40, observer: log.observer });
      assert.deepEqual([result.ended, result.error?.code, result.failed], ["failed", "outage_too_long", 0]);
      assert.ok(HeadraceError.is(result.error?.cause) && result.error.cause.code === "store_unavailable");
      assert.ok(calls <= 40, `${calls} calls`);
      assert.equal(log.of("outage-started").length, 1);
    });

    test("a service that comes back: everything is stored, and one worker at a time tried", async () => {
      const log = new Log();
      let isAway = true;
      let open = 0;
      const tries: number[] = [];
      const flaky = sinkOf(async (batch) => {
        open += 1;
        if (isAway && log.of("outage-started").length > 0) tries.push(open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        if (tries.length >= 3) isAway = false;
        if (isAway) throw errorOf("service");
        return batch.map(stored);
      });
      const lane = { ...batched, concurrency: 4 };
      const result = await report(from(sourceOf(itemsOf(200))).into(flaky, lane), {
        schedule,
        sequentialBatch: 64,
        observer: log.observer,
      });
      assert.deepEqual([result.ended, result.stored], ["completed", 200]);
      assert.deepEqual([log.of("outage-started").length, log.of("outage-ended").length], [1, 1]);
      assert.deepEqual(tries.slice(0, 3), [1, 1, 1]);
    });
  });
}

describe("a run", { timeout }, () => {
  test("opens everything before it reads, in the order of the flow, and closes in the other", async () => {
    const calls: string[] = [];
    const part = (name: string): Part => ({
      name,
      open: async () => void calls.push(`open ${name}`),
      close: async () => void calls.push(`close ${name}`),
    });
    const source = sourceOf([], {
      ...part("source"),
      async *read() {
        calls.push("read");
        yield itemOf(0);
      },
    });
    const pipeline = from(source)
      .through({ ...stageOf("a"), ...part("a") })
      .into({ ...sinkOf(), ...part("sink") });
    await report(pipeline);
    assert.deepEqual(calls, ["open source", "open a", "open sink", "read", "close sink", "close a", "close source"]);
  });

  test("a part that is used twice is opened and closed once", async () => {
    const calls: string[] = [];
    const open = async () => void calls.push("open");
    const close = async () => void calls.push("close");
    const stage = stageOf("twice", undefined, { open, close });
    const result = await report(
      from(sourceOf(itemsOf(1)))
        .through(stage)
        .through(stage)
        .into(sinkOf()),
    );
    assert.deepEqual([result.stored, ...calls], [1, "open", "close"]);
  });

  test("a part that cannot be opened ends the run before anything is read; only what was opened is closed", async () => {
    const calls: string[] = [];
    const closing = (name: string) => ({ close: async () => void calls.push(name) });
    const stage = stageOf("a", undefined, { ...closing("a"), open: () => Promise.reject(errorOf("service")) });
    const source = sourceOf(itemsOf(5), closing("source"));
    const result = await report(
      from(source)
        .through(stage)
        .into(sinkOf(undefined, closing("sink"))),
    );
    assert.deepEqual([result.ended, result.read, calls], ["failed", 0, ["source"]]);
    assert.deepEqual([result.error?.code, result.error?.scope], ["store_unavailable", "run"]);
    assert.match(result.error?.message ?? "", /"a"/);
  });

  test("a part that throws when it is closed is a notice, and the others are closed", async () => {
    const log = new Log();
    let closed = 0;
    const source = sourceOf(itemsOf(1), {
      close: async () => {
        closed += 1;
      },
    });
    const sink = sinkOf(undefined, { close: () => Promise.reject(new Error("stuck")) });
    const result = await report(from(source).into(sink), { observer: log.observer });
    assert.deepEqual([result.ended, closed, log.notices()], ["completed", 1, ['closing "sink" failed: stuck']]);
  });

  test("a wider lane than the stage takes is capped with a notice; what the stage says after opening counts", async () => {
    const log = new Log();
    let most = 10;
    const sink = sinkOf(undefined, {
      open: async () => {
        most = 1;
      },
      get maxConcurrency() {
        return most;
      },
    });
    // A getter does not survive a spread.
    Object.defineProperty(sink, "maxConcurrency", { get: () => most });
    const result = await report(from(sourceOf(itemsOf(1))).into(sink, { concurrency: 4 }), { observer: log.observer });
    assert.equal(result.stages[0]?.workers, 1);
    assert.match(log.notices()[0] ?? "", /"sink".*at most 1/);
  });

  test("events tell the whole story in order", async () => {
    const kinds: string[] = [];
    const observer: Observer = ({ kind }: RunEvent) => kinds.push(kind);
    const result = await report(
      from(sourceOf(itemsOf(1)))
        .through(stageOf("a"))
        .into(sinkOf()),
      { observer },
    );
    assert.deepEqual(kinds, ["run-started", "batch-done", "batch-done", "item-settled", "run-ended"]);
    assert.equal(result.ended, "completed");
  });

  test("the caller has the run before its observer hears of it", async () => {
    const log = new Log();
    const run = startRun(from(sourceOf(itemsOf(1))).into(sinkOf()), { observer: log.observer }, fast);
    assert.equal(log.events.length, 0);
    await run.done;
  });

  for (const kind of ["run-started", "batch-done", "item-settled", "run-ended"] as const) {
    test(`an observer that throws at ${kind} ends the run and is not called again`, async () => {
      let thrown = 0;
      const observer: Observer = (event) => {
        if (event.kind !== kind) return;
        thrown += 1;
        throw new TypeError("bad observer");
      };
      const result = await report(from(sourceOf(itemsOf(50))).into(sinkOf(), batched), { observer });
      assert.deepEqual([thrown, result.ended, result.error?.code], [1, "failed", "contract_broken"]);
      assert.match(result.error?.message ?? "", new RegExp(`observer at event "${kind}": expected no error, found bad observer`));
      assert.equal(result.read, result.stored + result.abandoned);
    });
  }

  test("an id in flight stays known while ten thousand others come and go", async () => {
    const log = new Log();
    const { opened, open } = gateOf();
    const source = sourceOf([...itemsOf(10_000), itemOf(10_000, { id: "id-0" })], {
      settle: (outcome) => (outcome.kind === "skipped" ? open() : undefined),
    });
    const sink = sinkOf(async (batch) => {
      if (batch.some(({ seq }) => seq === 0)) await opened;
      return batch.map(stored);
    });
    const result = await report(from(source).into(sink, { ...batched, concurrency: 2 }), { observer: log.observer });
    assert.deepEqual(counts(result), [10_001, 10_000, 0, 1, 0, 0]);
    assert.equal(log.outcomes().find(({ kind }) => kind === "skipped")?.seq, 10_000);
  });

  test("acknowledgements are awaited before the end, and bounded on the way", async () => {
    let pending = 0;
    let most = 0;
    const source = sourceOf(itemsOf(3_000), {
      settle: async () => {
        pending += 1;
        most = Math.max(most, pending);
        await new Promise((resolve) => setTimeout(resolve, 1));
        pending -= 1;
      },
    });
    const result = await report(from(source).into(sinkOf(), batched));
    assert.deepEqual([result.stored, pending], [3_000, 0]);
    assert.ok(most <= 1_024 + 8 + 16, `${most} at once`);
  });

  for (const how of ["throws", "rejects"] as const) {
    test(`an acknowledgement that ${how} ends the run`, async () => {
      const source = sourceOf(itemsOf(100), {
        settle: ({ seq }) => {
          if (seq !== 5) return undefined;
          if (how === "rejects") return Promise.reject(errorOf("run"));
          throw errorOf("run");
        },
      });
      const result = await report(from(source).into(sinkOf(), batched));
      assert.deepEqual([result.ended, result.error?.code], ["failed", "disk_full"]);
    });
  }

  test("a batch that lingers goes on as soon as somebody waits at the byte gate", async () => {
    const startedAt = performance.now();
    const lingering: Lane = { batch: { maxItems: 100, lingerMs: 60_000 } };
    const pipeline = from(sourceOf(itemsOf(20)))
      .through(stageOf("read"), { admit: true })
      .through(stageOf("embed"), lingering)
      .into(sinkOf(), lingering);
    const result = await report(pipeline, { memoryBudgetBytes: 25 });
    assert.equal(result.stored, 20);
    assert.ok(performance.now() - startedAt < 5_000);
  });

  test("behind the gate, what an item takes is counted and what it gives back lets the next one in", async () => {
    const { opened, open } = gateOf();
    const read = stageOf("read", (batch) => batch.map((item) => ok({ ...item, bytes: item.seq === 0 ? 150 : 20 })));
    const stuck = sinkOf(async (batch) => {
      await opened;
      return batch.map(stored);
    });
    const lane: Lane = { admit: true, queue: { maxItems: 10 } };
    const pipeline = (items: number) => from(sourceOf(itemsOf(items).map((item) => ({ ...item, bytes: 60 })))).through(read, lane);
    const grown = startRun(pipeline(3).into(stuck, { queue: { maxItems: 10 } }), { memoryBudgetBytes: 100 }, fast);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([grown.snapshot().inFlightBytes, grown.snapshot().stages[0]?.items], [150, 1]);
    const shrinking = from(sourceOf(itemsOf(3).slice(1))).through(stageOf("a", (batch) => batch.map((item) => ok({ ...item, bytes: 60 }))));
    const shrunk = startRun(shrinking.through(read, lane).into(stuck, { queue: { maxItems: 10 } }), { memoryBudgetBytes: 100 }, fast);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([shrunk.snapshot().inFlightBytes, shrunk.snapshot().stages[1]?.items], [40, 2]);
    open();
    assert.equal((await shrunk.done).stored, 2);
    const { stored: all, peakBytes, inFlightBytes } = await grown.done;
    assert.deepEqual([all, peakBytes, inFlightBytes], [3, 150, 0]);
  });

  test("waiting at the gate is waiting for room, not for a service", async () => {
    const { opened, open } = gateOf();
    const slow = stageOf("embed", async (batch) => {
      await opened;
      return batch.map(ok);
    });
    const pipeline = from(sourceOf(itemsOf(4)))
      .through(stageOf("read"), { admit: true })
      .through(slow)
      .into(sinkOf());
    const started = startRun(pipeline, { memoryBudgetBytes: 10 }, fast);
    const read = () => started.snapshot().stages.find(({ name }) => name === "read");
    while (started.snapshot().inFlightBytes === 0 || (read()?.blockedMs ?? 0) + (read()?.waitingMs ?? 0) < 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(read()?.waitingMs, 0);
    open();
    assert.equal((await started.done).stored, 4);
  });

  test("waiting at the gate does not hold up the settling of those who need no bytes", async () => {
    const { opened, open } = gateOf();
    const outcomes: number[] = [];
    const known = stageOf("known", (batch) =>
      batch.map((item) => (item.seq > 2 ? { kind: "skip", seq: item.seq, reason: "known" } : ok(item))),
    );
    const slow = stageOf("embed", async (batch) => {
      await opened;
      return batch.map(ok);
    });
    const source = sourceOf(itemsOf(10), {
      settle: ({ seq }) => {
        outcomes.push(seq);
        if (seq === 9) open();
      },
    });
    const pipeline = from(source)
      .through(known, batched)
      .through(stageOf("read"), { admit: true, concurrency: 2 })
      .through(slow)
      .into(sinkOf());
    const result = await report(pipeline, { memoryBudgetBytes: 10 });
    assert.deepEqual([result.stored, result.skipped], [3, 7]);
    assert.ok(outcomes.indexOf(9) < outcomes.indexOf(0));
  });

  test("a slow stage holds up those before it: no more items are read than fit into the queues", async () => {
    const { opened, open } = gateOf();
    let yielded = 0;
    const source = sourceOf([], {
      async *read() {
        for (const item of itemsOf(200)) {
          yielded += 1;
          yield item;
        }
      },
    });
    const stuck = sinkOf(async (batch) => {
      await opened;
      return batch.map(stored);
    });
    const run = startRun(
      from(source)
        .through(stageOf("a"), { queue: { maxItems: 4 } })
        .into(stuck, { queue: { maxItems: 4 } }),
      {},
      fast,
    );
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const { stages, read } = run.snapshot();
    assert.ok(yielded <= 4 + 1 + 4 + 1 + 1 && read === yielded, `${yielded} were read`);
    assert.ok((stages[0]?.blockedMs ?? 0) > 0, "the time in progress is in the snapshot");
    open();
    assert.equal((await run.done).stored, 200);
  });

  test("a flow that never really waits still lets timers run", async () => {
    let hasEnded = false;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    const source = sourceOf([], {
      async *read() {
        try {
          for (let seq = 0; ; seq += 1) yield itemOf(seq);
        } finally {
          hasEnded = true;
        }
      },
    });
    const result = await report(from(source).into(sinkOf(), batched), { signal: controller.signal });
    assert.deepEqual([result.ended, hasEnded], ["aborted", true]);
  });

  test("options that cannot be are refused before anything happens", () => {
    const pipeline = from(sourceOf([])).into(sinkOf());
    for (const options of [{ memoryBudgetBytes: 0 }, { maxFailed: -1 }, { sequentialBatch: 0.5 }, { maxOutageMs: Number.NaN }]) {
      assert.throws(() => startRun(pipeline, options, fast), {
        code: "config_invalid",
        message: new RegExp(Object.keys(options)[0] as string),
      });
    }
  });
});
