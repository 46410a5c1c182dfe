/** Soft and hard stops, also with parts that ignore the signal. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Lane, RunOptions } from "../contracts/index.js";
import { counts, fast, forever, gateOf, itemOf, itemsOf, Log, ok, sinkOf, sourceOf, stageOf, stored } from "./fakes.test.js";
import { from, type Pipeline } from "./pipeline.js";
import { startRun } from "./run.js";

const timeout = 10_000;
const batched: Lane = { batch: { maxItems: 8, lingerMs: 5 }, queue: { maxItems: 16 } };
const patient: Lane = { batch: { maxItems: 1_000, lingerMs: 60_000 } };

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
process.on("unhandledRejection", note);
after(() => {
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

/** Keeps the process alive as a real source or service would, for a promise that nothing ends. */
async function whileAlive<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 1_000);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
}

function started(pipeline: Pipeline, options: RunOptions = {}) {
  const log = new Log();
  const controller = new AbortController();
  const run = startRun(pipeline, { signal: controller.signal, observer: log.observer, ...options }, fast);
  return { run, log, controller, done: whileAlive(run.done) };
}

/** Yields items until it is stopped. */
function endless(onItem: (seq: number) => void = () => {}) {
  return sourceOf([], {
    async *read(stop) {
      for (let seq = 0; !stop.aborted; seq += 1) {
        onItem(seq);
        yield itemOf(seq);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  });
}

for (const schedule of ["overlapped", "sequential"] as const) {
  describe(`stopping in the ${schedule} schedule`, { timeout }, () => {
    test("a soft stop finishes what is in flight: nothing is abandoned, and the stages' signal stays quiet", async () => {
      let signalled = false;
      const stage = stageOf("a", (batch, signal) => {
        signalled ||= signal.aborted;
        return batch.map(ok);
      });
      const source = endless((seq) => seq === 100 && run.drain());
      const { run, log, done } = started(from(source).through(stage, batched).into(sinkOf(), batched), { schedule });
      const result = await done;
      run.drain();
      assert.deepEqual([result.ended, result.error, result.abandoned, signalled], ["drained", undefined, 0, false]);
      assert.ok(result.stored === result.read && result.read >= 100);
      assert.deepEqual(log.of("stopping"), [{ kind: "stopping", how: "soft" }]);
    });

    test("a hard stop abandons what is in flight, and says so for each item", async () => {
      const stage = stageOf("a", (batch, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })).then(() => batch.map(ok)),
      );
      const source = endless((seq) => seq === 20 && controller.abort(new Error("ctrl-c")));
      const { log, controller, done } = started(
        from(source)
          .through(stage, { ...batched, queue: { maxItems: 64 } })
          .into(sinkOf()),
        { schedule, sequentialBatch: 10 },
      );
      if (schedule === "sequential") setTimeout(() => controller.abort(), 20);
      const result = await done;
      assert.deepEqual([result.ended, result.error?.code, result.stored], ["aborted", "aborted", 0]);
      assert.ok(result.read > 0 && result.abandoned === result.read);
      assert.equal(log.outcomes().length, result.read);
      assert.deepEqual(log.notices(), [], "a stage that listens is not named");
    });

    test("a stage that ignores the signal does not hang a hard stop: it is named, and closed all the same", async () => {
      let closed = 0;
      const deaf = stageOf("deaf", () => forever(), {
        close: async () => {
          closed += 1;
        },
      });
      const { log, controller, run, done } = started(
        from(sourceOf(itemsOf(50)))
          .through(deaf, batched)
          .into(sinkOf()),
        { schedule },
      );
      while (run.snapshot().read < 8) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      const result = await done;
      assert.deepEqual([result.ended, result.abandoned, closed], ["aborted", result.read, 1]);
      assert.deepEqual(log.notices(), ['stage "deaf" did not end within 30 ms of the stop: the run no longer waits for it']);
    });

    test("late answers and late rejections of cut-off calls change nothing", async () => {
      for (const ending of ["answer", "reject"] as const) {
        const { opened, open } = gateOf();
        const late = stageOf("late", async (batch) => {
          await opened;
          if (ending === "reject") throw new Error("too late");
          return batch.map(ok);
        });
        const { log, controller, run, done } = started(
          from(sourceOf(itemsOf(50)))
            .through(late, batched)
            .into(sinkOf()),
          { schedule },
        );
        while (run.snapshot().read < 8) await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        const result = await done;
        const told = log.events.length;
        open();
        await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual([result.stored, log.events.length], [0, told]);
      }
    });

    test("a source that ignores stop hangs neither stop: it is named", async () => {
      for (const how of ["soft", "hard"] as const) {
        const source = sourceOf([], {
          async *read() {
            yield* itemsOf(8);
            await forever();
          },
        });
        const { log, controller, run, done } = started(from(source).into(sinkOf(), batched), { schedule, sequentialBatch: 8 });
        while (run.snapshot().stored < 8) await new Promise((resolve) => setImmediate(resolve));
        if (how === "soft") run.drain();
        else controller.abort();
        const result = await done;
        assert.deepEqual([result.ended, result.stored], [how === "soft" ? "drained" : "aborted", 8]);
        assert.equal(log.notices().length, 1, log.notices().join());
        assert.match(log.notices()[0] ?? "", /source "source" did not end within 30 ms/);
      }
    });

    test("an item that was asked for before a soft stop still counts", async () => {
      const { opened, open } = gateOf();
      const source = sourceOf([], {
        async *read() {
          await opened;
          yield itemOf(0);
        },
      });
      const { run, done } = started(from(source).into(sinkOf()), { schedule });
      await new Promise((resolve) => setImmediate(resolve));
      run.drain();
      open();
      const result = await done;
      assert.deepEqual([result.ended, ...counts(result)], ["drained", 1, 1, 0, 0, 0, 0]);
    });

    test("a source that ends by throwing the stop's reason has not failed", async () => {
      const source = sourceOf([], {
        async *read(stop) {
          yield itemOf(0);
          await new Promise((_, reject) => stop.addEventListener("abort", () => reject(stop.reason), { once: true }));
        },
      });
      const { run, log, done } = started(from(source).into(sinkOf()), { schedule });
      while (run.snapshot().stored < 1) await new Promise((resolve) => setImmediate(resolve));
      run.drain();
      const result = await done;
      assert.deepEqual([result.ended, result.error, log.notices()], ["drained", undefined, []]);
    });

    test("a soft stop that takes too long becomes hard", async () => {
      const { log, run, done } = started(
        from(sourceOf(itemsOf(50))).into(
          sinkOf(() => forever()),
          batched,
        ),
        { schedule, drainTimeoutMs: 20 },
      );
      while (run.snapshot().read < 8) await new Promise((resolve) => setImmediate(resolve));
      run.drain();
      const result = await done;
      assert.deepEqual([result.ended, result.error?.code, result.stored], ["aborted", "aborted", 0]);
      assert.match(result.error?.message ?? "", /20 ms/);
      assert.deepEqual(
        log.of("stopping").map(({ how }) => how),
        ["soft", "hard"],
      );
    });

    test("a drain before anything was read reads nothing", async () => {
      const { run, done } = started(from(sourceOf(itemsOf(5))).into(sinkOf()), { schedule });
      run.drain();
      const result = await done;
      assert.deepEqual([result.ended, result.read], ["drained", 0]);
    });

    test("a run that was aborted before it began opens and reads nothing", async () => {
      let opened = 0;
      const source = sourceOf(itemsOf(5), {
        open: async () => {
          opened += 1;
        },
      });
      const result = await whileAlive(startRun(from(source).into(sinkOf()), { schedule, signal: AbortSignal.abort() }, fast).done);
      assert.deepEqual([result.ended, result.read, opened], ["aborted", 0, 0]);
    });
  });
}

describe("stopping", { timeout }, () => {
  test("a soft stop ends lingering at once", async () => {
    const startedAt = performance.now();
    const { run, done } = started(
      from(endless((seq) => seq === 10 && run.drain()))
        .through(stageOf("a"), patient)
        .into(sinkOf(), patient),
    );
    const result = await done;
    assert.ok(result.stored >= 10 && result.stored === result.read);
    assert.ok(performance.now() - startedAt < 5_000);
  });

  test("a hard stop frees workers that wait: for bytes, for room, for a service, for a retry", async () => {
    const { controller, run, log, done } = started(
      from(sourceOf(itemsOf(100)))
        .through(stageOf("read"), { admit: true, concurrency: 4 })
        .through(stageOf("embed"), { concurrency: 2 })
        .into(sinkOf(() => forever())),
      { memoryBudgetBytes: 45 },
    );
    while ((run.snapshot().stages[0]?.blockedMs ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    const result = await done;
    assert.deepEqual([result.ended, result.abandoned, result.inFlightBytes], ["aborted", result.read, 0]);
    assert.deepEqual(log.notices(), ['stage "sink" did not end within 30 ms of the stop: the run no longer waits for it']);
  });

  test("a stop tells the iterator to end, also while its next item is awaited", async () => {
    for (const how of ["soft", "hard"] as const) {
      let finish = (_: IteratorResult<never>) => {};
      let returned = 0;
      const iterator: AsyncIterator<never> = {
        next: () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
        return: async () => {
          returned += 1;
          finish({ done: true, value: undefined });
          return { done: true, value: undefined };
        },
      };
      const source = sourceOf([], { read: () => ({ [Symbol.asyncIterator]: () => iterator }) });
      const { controller, run, log, done } = started(from(source).into(sinkOf()));
      await new Promise((resolve) => setImmediate(resolve));
      if (how === "soft") run.drain();
      else controller.abort();
      const { ended } = await done;
      assert.deepEqual([ended, returned, log.notices()], [how === "soft" ? "drained" : "aborted", 1, []]);
    }
  });

  test("opening and closing that hang are given up after a hard stop, and named", async () => {
    const { controller, log, done } = started(
      from(sourceOf([])).into(sinkOf(undefined, { open: () => forever(), close: () => forever() })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    const result = await done;
    assert.equal(result.ended, "aborted");
    assert.match(log.notices().join("\n"), /^opening "sink" did not end.*\nclosing "sink" did not end.*$/);
  });

  test("a hard stop during closing cuts it short and does not change how the run ended", async () => {
    const { controller, done } = started(
      from(sourceOf(itemsOf(3))).into(
        sinkOf(undefined, {
          close: () => {
            controller.abort();
            return forever();
          },
        }),
      ),
    );
    const result = await done;
    assert.deepEqual([result.ended, result.stored], ["completed", 3]);
  });

  test("an acknowledgement that never ends is given up after a hard stop, and named", async () => {
    const { controller, run, log, done } = started(from(sourceOf(itemsOf(3), { settle: () => forever() })).into(sinkOf()));
    while (run.snapshot().stored < 3) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    assert.equal((await done).stored, 3);
    assert.match(log.notices().join(), /settling of source "source" did not end/);
  });

  test("no listener is left on the caller's signal", async () => {
    const { controller, done } = started(from(sourceOf(itemsOf(3))).into(sinkOf()));
    await done;
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  test("a soft stop after the source has ended by itself cut nothing off: the run is completed", async () => {
    const { opened, open } = gateOf();
    const sink = sinkOf(async (batch) => {
      await opened;
      return batch.map(stored);
    });
    const { run, done } = started(from(sourceOf(itemsOf(1))).into(sink));
    while (run.snapshot().read < 1) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    run.drain();
    open();
    assert.equal((await done).ended, "completed");
  });

  test("the process ends by itself after a run, also after one that was stopped with parts that hang", async () => {
    const engine = new URL("./index.js", import.meta.url).href;
    const script = `
      import { from, run } from ${JSON.stringify(engine)};
      const items = Array.from({ length: 50 }, (_, seq) => ({ seq, id: "id-" + seq, facts: {}, bytes: 10, value: {} }));
      const source = { name: "source", async *read() { yield* items; } };
      const lane = { batch: { maxItems: 8, lingerMs: 60000 }, admit: false };
      const sink = (process) => ({ name: "sink", process });
      const good = await run(from(source).into(sink(async (batch) => batch.map(({ seq }) => ({ kind: "ok", seq }))), lane), { drainTimeoutMs: 60000 }).done;
      const stop = new AbortController();
      const hang = sink(() => new Promise(() => stop.abort()));
      const cut = await run(from(source).into(hang, lane), { signal: stop.signal, drainTimeoutMs: 60000 }).done;
      const soft = run(from(source).into(hang, lane), { drainTimeoutMs: 60000 });
      soft.drain();
      console.log(good.ended, good.stored, cut.ended, (await soft.done).ended);
    `;
    const child = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      timeout,
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    assert.match(child.stdout, /^completed 50 aborted drained\n$/);
  });
});

for (const schedule of ["overlapped", "sequential"] as const) {
  test(`rows that the sink had taken when the hard stop came count as stored, in the ${schedule} schedule`, { timeout }, async () => {
    let acknowledge = () => {};
    const begun = gateOf();
    const sink = sinkOf(async (batch) => {
      begun.open();
      await new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
      return batch.map(stored);
    });
    const lane: Lane = { batch: { maxItems: 4, lingerMs: 5 } };
    const { controller, done } = started(from(sourceOf(itemsOf(8))).into(sink, lane), { schedule, sequentialBatch: 4 });
    await begun.opened;
    controller.abort();
    acknowledge();
    const report = await done;
    assert.equal(report.ended, "aborted");
    assert.equal(report.stored, 4);
    assert.equal(report.read, report.stored + report.abandoned);
  });
}
