import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lane, Sink, Source, Stage } from "../contracts/index.js";
import { itemsOf, sinkOf, sourceOf, stageOf } from "./fakes.test.js";
import { from } from "./pipeline.js";

test("the types of the data must fit from step to step", () => {
  const texts: Source<string> = { name: "texts", async *read() {} };
  const toNumber: Stage<string, number> = { name: "to-number", process: async () => [] };
  const toRow: Stage<number, { vector: Float32Array }> = { name: "to-row", process: async () => [] };
  const sink: Sink = sinkOf();
  from(texts).through(toNumber).through(toRow).into(sink);
  // @ts-expect-error: texts are not numbers
  from(texts).through(toRow);
  // @ts-expect-error: numbers are not rows
  from(texts).through(toNumber).into(sink);
});

test("an open pipeline can go on in two ways: nothing in it changes", () => {
  const open = from(sourceOf(itemsOf(1)));
  const one = open.through(stageOf("a")).into(sinkOf());
  const other = open.into(sinkOf());
  assert.deepEqual([one.steps.length, other.steps.length], [2, 1]);
});

test("defaults: one item at once, a queue of one full batch, three attempts", () => {
  const [step, batched] = from(sourceOf([]))
    .through(stageOf("a"))
    .into(sinkOf(), { batch: { maxItems: 32, lingerMs: 5 }, queue: { maxItems: 8 } }).steps;
  assert.deepEqual(step?.lane, {
    concurrency: 1,
    batchesPerWorker: 1,
    batchItems: 1,
    batchBytes: Number.POSITIVE_INFINITY,
    lingerMs: 0,
    maxLingerMs: 0,
    queueItems: 1,
    admit: false,
    attempts: 3,
    baseDelayMs: 100,
  });
  assert.equal(batched?.lane.queueItems, 32, "never less than one full batch");
});

test("a lane that cannot be is refused by name", () => {
  const lanes: [Lane, RegExp][] = [
    [{ concurrency: 0 }, /"a", concurrency.*found 0/],
    [{ concurrency: 1.5 }, /concurrency/],
    [{ batch: { maxItems: Number.NaN, lingerMs: 0 } }, /batch\.maxItems/],
    [{ batch: { maxItems: 1, lingerMs: -1 } }, /batch\.lingerMs/],
    [{ batch: { maxItems: 1, maxBytes: 0, lingerMs: 0 } }, /batch\.maxBytes/],
    [{ queue: { maxItems: 0 } }, /queue\.maxItems/],
    [{ retry: { attempts: 0, baseDelayMs: 1 } }, /retry\.attempts/],
    [{ retry: { attempts: 1, baseDelayMs: Number.NaN } }, /retry\.baseDelayMs/],
  ];
  for (const [lane, message] of lanes) {
    assert.throws(() => from(sourceOf([])).through(stageOf("a"), lane), { code: "config_invalid", message });
  }
});

test("bytes are waited for in one place, one item at a time", () => {
  const gated = from(sourceOf([])).through(stageOf("a"), { admit: true });
  assert.throws(() => gated.into(sinkOf(), { admit: true }), { code: "config_conflict", message: /"a", "sink"/ });
  const batched = { admit: true, batch: { maxItems: 2, lingerMs: 0 } };
  assert.throws(() => from(sourceOf([])).through(stageOf("a"), batched), {
    code: "config_conflict",
    message: /batch\.maxItems: expected 1 beside admit, found 2/,
  });
});
