import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ErrorCode, HeadraceError, type Item, type RunEvent } from "../contracts/index.js";
import { StageAccount } from "./account.js";
import type { Answer } from "./answers.js";
import { Circuit } from "./circuit.js";
import { errorOf, forever, itemsOf, Log, ok, type Process, stageOf } from "./fakes.test.js";
import { Halt } from "./halt.js";
import { type AnyStage, attempt, type CallContext } from "./retry.js";

function deskOf(log: Log, changes: Partial<CallContext> = {}): CallContext {
  const account = new StageAccount("embed", 1, performance.now());
  const emit = (event: RunEvent) => log.observer(event);
  const backoff = { baseDelayMs: 1, maxDelayMs: 2 };
  const circuit = new Circuit({ stage: "embed", maxOutageMs: 60_000, outage: backoff, overload: backoff, random: () => 1, emit });
  const clock = account.clocks[0] as CallContext["clock"];
  return { halt: new Halt(), circuit, clock, account, emit, random: () => 1, ...changes };
}

const retry = { attempts: 3, baseDelayMs: 1 };

async function attempted(process: Process, count: number, context = deskOf(new Log())): Promise<readonly Answer[]> {
  return attempt(stageOf("embed", process) as unknown as AnyStage, itemsOf(count), retry, context);
}

function failuresOf(answers: readonly Answer[]): number[] {
  return answers.flatMap((answer, at) => (answer.kind === "fail" ? [at] : []));
}

test("a batch that fails is tried again, later each time, until it succeeds", async () => {
  const log = new Log();
  let calls = 0;
  const answers = await attempted((batch) => (++calls < 3 ? Promise.reject(errorOf("batch")) : batch.map(ok)), 4, deskOf(log));
  assert.deepEqual(failuresOf(answers), []);
  assert.deepEqual(
    log.of("retrying").map(({ attempt: number, delayMs }) => [number, delayMs]),
    [
      [2, 1],
      [3, 2],
    ],
  );
});

test("a batch whose error is not retryable is halved until the items that fail stand alone, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(39), { maxLength: 5 }), async (count, poison) => {
      const bad = new Set(poison.filter((seq) => seq < count));
      const process = (batch: readonly Item<unknown>[]) => batch.some(({ seq }) => bad.has(seq));
      const answers = await attempted((batch) => (process(batch) ? Promise.reject(errorOf("batch", false)) : batch.map(ok)), count);
      assert.equal(answers.length, count);
      assert.deepEqual(
        failuresOf(answers),
        [...bad].sort((a, b) => a - b),
      );
      answers.forEach((answer, at) => {
        if (answer.kind === "ok") assert.equal(answer.item?.seq, at);
      });
    }),
  );
});

test("halving costs about twice the depth in calls for one bad item, not one call an item", async () => {
  let calls = 0;
  const log = new Log();
  await attempted(
    (batch) => {
      calls += 1;
      return batch.some(({ seq }) => seq === 13) ? Promise.reject(errorOf("batch", false)) : batch.map(ok);
    },
    64,
    deskOf(log),
  );
  assert.equal(calls, 1 + 2 * 6);
  assert.deepEqual(
    log.of("batch-halved").map(({ items }) => items),
    [64, 32, 16, 8, 4, 2],
  );
});

test("a failed item says how many calls it was part of", async () => {
  const answers = await attempted(() => Promise.reject(errorOf("item")), 2);
  assert.deepEqual(
    answers.map((answer) => answer.kind === "fail" && answer.attempts),
    [6, 6],
  );
});

test("a fail result is final: nobody tries that item again", async () => {
  let calls = 0;
  const answers = await attempted((batch) => {
    calls += 1;
    return batch.map(({ seq }) => ({ kind: "fail", seq, error: errorOf("item") }));
  }, 2);
  assert.deepEqual([calls, failuresOf(answers)], [1, [0, 1]]);
});

test("anything unknown that is thrown is `unexpected`, keeps its cause, and is not tried again", async () => {
  const cause = new TypeError("undefined is not a function");
  let calls = 0;
  const [answer] = await attempted(() => {
    calls += 1;
    throw cause;
  }, 1);
  assert.ok(answer?.kind === "fail");
  assert.deepEqual([answer.error.code, answer.error.scope, answer.error.cause, calls], ["unexpected", "batch", cause, 1]);
});

test("a service that is away costs no attempt, and nobody is blamed", async () => {
  let calls = 0;
  const context = deskOf(new Log());
  const answers = await attempted((batch) => (++calls < 10 ? Promise.reject(errorOf("service")) : batch.map(ok)), 3, context);
  assert.deepEqual([failuresOf(answers), calls, context.account.retries], [[], 10, 0]);
});

test("the other side's wish to wait before a retry is honoured", async () => {
  let calls = 0;
  const startedAt = performance.now();
  await attempted((batch) => (++calls < 2 ? Promise.reject(errorOf("batch", true, 30)) : batch.map(ok)), 1);
  assert.ok(performance.now() - startedAt >= 29);
});

test("an error of the run is thrown at once", async () => {
  let calls = 0;
  const throwing = attempted(() => {
    calls += 1;
    throw errorOf("run");
  }, 8);
  await assert.rejects(throwing, { code: "disk_full" });
  assert.equal(calls, 1);
});

test("a broken contract is not tried again", async () => {
  let calls = 0;
  const missing = attempted((batch) => {
    calls += 1;
    return batch.slice(1).map(ok);
  }, 2);
  await assert.rejects(missing, { code: "contract_broken", message: /"embed"/ });
  assert.equal(calls, 1);
});

test("a hard stop ends a call that hangs, and a back-off", async () => {
  for (const process of [forever, () => Promise.reject(errorOf("batch", true, 60_000))]) {
    const context = deskOf(new Log());
    const answers = attempted(process, 2, context);
    await new Promise((resolve) => setImmediate(resolve));
    context.halt.stop(new HeadraceError("aborted", "enough"));
    await assert.rejects(answers, { code: "aborted" });
  }
});

test("processing is counted as busy, back-off as waiting", async () => {
  let calls = 0;
  const context = deskOf(new Log());
  await attempted((batch) => (++calls < 2 ? Promise.reject(errorOf("batch", true, 25)) : batch.map(ok)), 1, context);
  const { waitingMs } = context.account.report(0, performance.now());
  assert.ok(waitingMs >= 24, `${waitingMs} ms`);
});

test("a call that a service did not answer counts as waiting, one that failed as busy", async () => {
  const slowly = (code: ErrorCode): Process => {
    let calls = 0;
    return async (batch) => {
      if (++calls > 1) return batch.map(ok);
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new HeadraceError(code, "late");
    };
  };
  for (const [code, activity] of [
    ["timed_out", "waitingMs"],
    ["store_unavailable", "waitingMs"],
    ["inference_failed", "busyMs"],
  ] as const) {
    const context = deskOf(new Log());
    await attempted(slowly(code), 1, context);
    const spentMs = context.account.report(0, performance.now())[activity];
    assert.ok(spentMs >= 28, `${code}: ${spentMs} ms`);
  }
});

test("what a stage has to tell is told as notices, once", async () => {
  const log = new Log();
  const stage = { ...stageOf("embed", (batch) => batch.map(ok)), notices: () => untold.splice(0) };
  const untold = ["a limit was found"];
  for (let call = 0; call < 2; call += 1) await attempt(stage as unknown as AnyStage, itemsOf(1), retry, deskOf(log));
  assert.deepEqual(log.notices(), ["a limit was found"]);
});
