/** Stages that have nothing to do for some batches. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Item, Row } from "../contracts/index.js";
import { counts, fast, itemsOf, Log, ok, sinkOf, sourceOf, stageOf, stored } from "./fakes.test.js";
import { from } from "./pipeline.js";
import { startRun } from "./run.js";

type AnyStage = ReturnType<typeof stageOf>;

function runThrough(stage: AnyStage, log = new Log()) {
  const widths: number[] = [];
  const sink = sinkOf(async (batch) => {
    for (const item of batch) widths.push(item.facts.width);
    return batch.map(stored);
  });
  const pipeline = from(sourceOf(itemsOf(20)))
    .through(stage, { admit: true, concurrency: 2 })
    .into(sink, { queue: { maxItems: 1 } });
  const { done } = startRun(pipeline, { memoryBudgetBytes: 30, observer: log.observer }, fast);
  return { done, widths };
}

describe("a stage that passes items on", { timeout: 60_000 }, () => {
  const widened = (item: Item<Row>) => ({ ...item, facts: { ...item.facts, width: 9 } });

  test("processes no item that it passes on, and its report counts them", async () => {
    const stage: AnyStage = { ...stageOf("read", () => assert.fail("processed")), passOn: (batch) => batch.map(widened) };
    const { done, widths } = runThrough(stage);
    const report = await done;
    assert.deepEqual([report.ended, counts(report)], ["completed", [20, 20, 0, 0, 0, 0]]);
    assert.deepEqual(widths, Array(20).fill(9));
    assert.deepEqual([report.stages[0]?.items, report.stages[0]?.batches], [20, 20]);
    assert.ok(report.peakBytes <= 30, `${report.peakBytes} bytes of a budget of 30`);
  });

  test("processes the items that it does not pass on", async () => {
    const processed: number[] = [];
    const stage: AnyStage = {
      ...stageOf("read", (batch) => {
        for (const { seq } of batch) processed.push(seq);
        return batch.map(ok);
      }),
      passOn: (batch) => (batch.every(({ seq }) => seq % 2 === 0) ? batch : null),
    };
    const report = await runThrough(stage).done;
    assert.deepEqual(counts(report), [20, 20, 0, 0, 0, 0]);
    assert.deepEqual(
      processed.toSorted((a, b) => a - b),
      [1, 3, 5, 7, 9, 11, 13, 15, 17, 19],
    );
  });

  test("ends the run if it passes on other items", async () => {
    const stage: AnyStage = { ...stageOf("read", (batch) => batch.map(ok)), passOn: () => itemsOf(2).slice(1) };
    const report = await runThrough(stage).done;
    assert.deepEqual([report.ended, report.error?.code], ["failed", "contract_broken"]);
  });
});
