/** With any lanes, speeds, failures and stops, every item gets one outcome, no limit is exceeded, and the run ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay, setImmediate as immediate } from "node:timers/promises";
import fc from "fast-check";
import { HeadraceError, type Item, type Lane, type Outcome, type Row, type RunReport } from "../contracts/index.js";
import { errorOf, fast, itemOf, sinkOf, sourceOf, stageOf } from "./fakes.test.js";
import { from } from "./pipeline.js";
import { startRun } from "./run.js";

type Fate = "ok" | "skip" | "bypass" | "fail" | "poison" | "flaky" | "grow" | "shrink";
type Speed = "sync" | "immediate" | "timer";

interface StagePlan {
  readonly speed: Speed;
  readonly lane: { concurrency: number; maxItems: number; maxBytes: number; lingerMs: number; queue: number; attempts: number };
  /** Fate of item seq: fates[seq % length]. */
  readonly fates: readonly Fate[];
  /** Calls, counted from 0, at which the service is away. */
  readonly awayFrom: number;
  readonly awayCalls: number;
  readonly reversed: boolean;
}

interface Plan {
  readonly stages: readonly StagePlan[];
  readonly sink: StagePlan;
  /** Index of the gated lane; beyond the last: none. */
  readonly gate: number;
  readonly budget: number;
  readonly bytes: readonly number[];
  readonly sourceSpeed: Speed;
}

type Trouble =
  | { readonly kind: "none" }
  | { readonly kind: "soft" | "hard" | "settle-throws" | "source-throws"; readonly at: number }
  | { readonly kind: "run-error" | "hang"; readonly at: number; readonly stage: number };

interface Observed {
  readonly outcomes: Map<number, Outcome[]>;
  readonly settled: Map<number, number>;
  readonly delivered: number;
  readonly report: RunReport;
}

const speed = fc.oneof(
  { weight: 4, arbitrary: fc.constant("sync" as const) },
  { weight: 3, arbitrary: fc.constant("immediate" as const) },
  { weight: 1, arbitrary: fc.constant("timer" as const) },
);

function stagePlan(fates: readonly Fate[]): fc.Arbitrary<StagePlan> {
  return fc.record({
    speed,
    lane: fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxItems: fc.integer({ min: 1, max: 8 }),
      maxBytes: fc.oneof(fc.constant(1e9), fc.integer({ min: 1, max: 200 })),
      lingerMs: fc.constantFrom(0, 0, 1, 3),
      queue: fc.integer({ min: 1, max: 12 }),
      attempts: fc.integer({ min: 2, max: 3 }),
    }),
    fates: fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant("ok" as Fate) }, { weight: 2, arbitrary: fc.constantFrom(...fates) }), {
      minLength: 1,
      maxLength: 12,
    }),
    awayFrom: fc.integer({ min: 0, max: 30 }),
    awayCalls: fc.constantFrom(0, 0, 1, 3),
    reversed: fc.boolean(),
  });
}

const plan: fc.Arbitrary<Plan> = fc.record({
  stages: fc.array(stagePlan(["skip", "bypass", "fail", "poison", "flaky", "grow", "shrink"]), { minLength: 0, maxLength: 3 }),
  sink: stagePlan(["skip", "fail", "poison", "flaky"]),
  gate: fc.integer({ min: 0, max: 5 }),
  budget: fc.integer({ min: 1, max: 300 }),
  bytes: fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 7 }),
  sourceSpeed: fc.constantFrom("sync" as const, "immediate" as const),
});

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("soft" as const, "hard" as const, "settle-throws" as const, "source-throws" as const),
    at: fc.integer({ min: 0, max: 150 }),
  }),
  fc.record({
    kind: fc.constantFrom("run-error" as const, "hang" as const),
    at: fc.integer({ min: 0, max: 40 }),
    stage: fc.integer({ min: 0, max: 3 }),
  }),
);

/** Ten times the capacity of the longest queue. */
const inputItems = 130;
const deadlineMs = 10_000;

async function pass(speedOfIt: Speed): Promise<void> {
  if (speedOfIt === "immediate") await immediate();
  if (speedOfIt === "timer") await delay(1);
}

async function play(spec: Plan, schedule: "overlapped" | "sequential", ids: (seq: number) => string, what: Trouble): Promise<Observed> {
  const outcomes = new Map<number, Outcome[]>();
  const settled = new Map<number, number>();
  const bounds: string[] = [];
  let delivered = 0;
  let settledItems = 0;
  const controller = new AbortController();
  const all = [...spec.stages, spec.sink];

  const source = sourceOf([], {
    async *read(stop) {
      for (let seq = 0; seq < inputItems && !stop.aborted; seq += 1) {
        await pass(spec.sourceSpeed);
        if (what.kind === "source-throws" && seq === what.at) throw new Error("listing broke");
        delivered += 1;
        yield itemOf(seq, { id: ids(seq), bytes: spec.bytes[seq % spec.bytes.length] as number });
      }
    },
    settle({ seq }) {
      settled.set(seq, (settled.get(seq) ?? 0) + 1);
      if (what.kind === "settle-throws" && settledItems === what.at) throw new Error("no more notes");
      return seq % 3 === 0 ? pass("immediate") : undefined;
    },
  });

  const processOf = (index: number) => {
    const mine = all[index] as StagePlan;
    const gated = spec.gate === index;
    const seen = new Set<number>();
    let calls = 0;
    let open = 0;
    return async <R>(batch: readonly Item<Row>[], answer: (item: Item<Row>, fate: Fate) => R): Promise<R[]> => {
      open += 1;
      const bytes = batch.reduce((sum, item) => sum + item.bytes, 0);
      if (open > mine.lane.concurrency) bounds.push(`stage ${index}: ${open} calls at once`);
      if (batch.length > (gated ? 1 : mine.lane.maxItems)) bounds.push(`stage ${index}: batch of ${batch.length}`);
      if (batch.length > 1 && bytes > mine.lane.maxBytes) bounds.push(`stage ${index}: batch of ${bytes} bytes`);
      const call = calls++;
      try {
        if ((what.kind === "run-error" || what.kind === "hang") && what.stage === index && call === what.at) {
          if (what.kind === "run-error") throw errorOf("run");
          // Nobody else would end it.
          controller.abort();
          await new Promise(() => {});
        }
        await pass(mine.speed);
        if (call >= mine.awayFrom && call < mine.awayFrom + mine.awayCalls) throw errorOf("service");
        const fateOf = (item: Item<Row>) => mine.fates[item.seq % mine.fates.length] as Fate;
        if (batch.some((item) => fateOf(item) === "poison")) throw errorOf("batch", false);
        const flaky = batch.filter((item) => fateOf(item) === "flaky" && !seen.has(item.seq));
        for (const item of flaky) seen.add(item.seq);
        if (flaky.length > 0) throw errorOf("item");
        const answers = batch.map((item) => answer(item, fateOf(item)));
        return mine.reversed ? answers.reverse() : answers;
      } finally {
        open -= 1;
      }
    };
  };

  const laneOf = (index: number): Lane => {
    const { concurrency, maxItems, maxBytes, lingerMs, queue, attempts } = (all[index] as StagePlan).lane;
    const admit = spec.gate === index;
    return {
      concurrency,
      batch: { maxItems: admit ? 1 : maxItems, maxBytes, lingerMs },
      queue: { maxItems: queue },
      admit,
      retry: { attempts, baseDelayMs: 1 },
    };
  };

  let open = from(source);
  spec.stages.forEach((_, index) => {
    const process = processOf(index);
    const stage = stageOf(`stage-${index}`, (batch) =>
      process(batch, (item, fate) => {
        if (fate === "skip") return { kind: "skip", seq: item.seq, reason: "known" };
        if (fate === "fail") return { kind: "fail", seq: item.seq, error: errorOf("item", false) };
        if (fate === "bypass") return { kind: "bypass", item };
        if (fate === "grow") return { kind: "ok", item: { ...item, bytes: item.bytes + 40 } };
        if (fate === "shrink") return { kind: "ok", item: { ...item, bytes: item.bytes / 2 } };
        return { kind: "ok", item };
      }),
    );
    open = open.through(stage, laneOf(index));
  });
  const processSink = processOf(all.length - 1);
  const sink = sinkOf((batch) =>
    processSink(batch, ({ seq }, fate) => {
      if (fate === "skip") return { kind: "skip", seq, reason: "same" };
      if (fate === "fail") return { kind: "fail", seq, error: errorOf("item", false) };
      return { kind: "ok", seq };
    }),
  );
  const run = startRun(
    open.into(sink, laneOf(all.length - 1)),
    {
      schedule,
      sequentialBatch: 16,
      memoryBudgetBytes: spec.budget,
      signal: controller.signal,
      observer: (event) => {
        if (event.kind !== "item-settled") return;
        const { outcome } = event;
        outcomes.set(outcome.seq, [...(outcomes.get(outcome.seq) ?? []), outcome]);
        settledItems += 1;
        if (what.kind === "soft" && settledItems === what.at) run.drain();
        if (what.kind === "hard" && settledItems === what.at) controller.abort();
        run.snapshot();
      },
    },
    fast,
  );
  if (what.kind === "soft" && what.at === 0) run.drain();
  if (what.kind === "hard" && what.at === 0) controller.abort();
  const deadline = new AbortController();
  const report = await Promise.race([run.done, delay(deadlineMs, undefined, { signal: deadline.signal })]);
  deadline.abort();
  assert.ok(report, `did not end within ${deadlineMs} ms: ${JSON.stringify(run.snapshot())}`);
  assert.deepEqual(bounds, []);
  checkBooks(spec, schedule, report);
  return { outcomes, settled, delivered, report };
}

function checkBooks(spec: Plan, schedule: string, report: RunReport): void {
  assert.equal(report.read, report.stored + report.skipped + report.failed + report.abandoned);
  assert.equal(report.inFlightBytes, 0);
  const all = [...spec.stages, spec.sink];
  const changes = spec.stages.some(({ fates }) => fates.includes("grow"));
  if (!changes) assert.ok(report.peakBytes <= Math.max(spec.budget, ...spec.bytes), `peak of ${report.peakBytes} bytes`);
  report.stages.forEach((stage, index) => {
    const { maxItems, queue } = (all[index] as StagePlan).lane;
    const room = schedule === "sequential" ? inputItems : Math.max(queue, spec.gate === index ? 1 : maxItems);
    assert.ok(stage.maxQueued <= room, `${stage.name}: ${stage.maxQueued} queued`);
    const spentMs = stage.busyMs + stage.starvedMs + stage.blockedMs + stage.waitingMs;
    assert.ok(spentMs <= stage.workers * report.elapsedMs + 1, `${stage.name}: ${spentMs} ms of ${stage.workers} × ${report.elapsedMs}`);
  });
}

/** One outcome for each item read, told to the observer and to the source. */
function checkOutcomes({ outcomes, settled, delivered, report }: Observed): void {
  assert.equal(outcomes.size, report.read);
  assert.ok(report.read <= delivered);
  for (const [seq, told] of outcomes) assert.equal(told.length, 1, `item ${seq} has ${told.length} outcomes`);
  for (const [seq, times] of settled) assert.equal(times, 1, `item ${seq} was settled ${times} times`);
  assert.equal(settled.size, report.read);
}

function summary(outcomes: Map<number, Outcome[]>): string[] {
  const lines = [...outcomes.values()].flat().sort((a, b) => a.seq - b.seq);
  return lines.map((outcome) => {
    const where = "stage" in outcome ? outcome.stage : "";
    const why = outcome.kind === "failed" ? outcome.error.code : outcome.kind === "stored" ? outcome.reused : "";
    return `${outcome.seq} ${outcome.kind} ${where} ${why}`;
  });
}

const unique = (seq: number) => `id-${seq}`;

test("left alone, both schedules store, skip and fail the same items and end by themselves", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (spec) => {
      const overlapped = await play(spec, "overlapped", unique, { kind: "none" });
      const sequential = await play(spec, "sequential", unique, { kind: "none" });
      for (const observed of [overlapped, sequential]) {
        checkOutcomes(observed);
        assert.equal(observed.report.error, undefined);
        assert.equal(observed.report.ended, "completed");
        assert.equal(observed.report.read, inputItems);
        assert.equal(observed.report.abandoned, 0);
      }
      assert.deepEqual(summary(overlapped.outcomes), summary(sequential.outcomes));
    }),
    { numRuns: 60 },
  );
});

/** The run is stopped after a worker has taken a batch, and before the worker asks for room in the memory budget. */
const batchTakenAtTheStop: [Plan, Trouble, number, "overlapped"] = [
  {
    stages: [
      {
        speed: "sync",
        lane: { concurrency: 4, maxItems: 3, maxBytes: 1e9, lingerMs: 3, queue: 8, attempts: 2 },
        fates: ["ok"],
        awayFrom: 25,
        awayCalls: 0,
        reversed: true,
      },
    ],
    sink: {
      speed: "sync",
      lane: { concurrency: 4, maxItems: 3, maxBytes: 137, lingerMs: 0, queue: 12, attempts: 3 },
      fates: ["ok"],
      awayFrom: 3,
      awayCalls: 0,
      reversed: false,
    },
    gate: 0,
    budget: 18,
    bytes: [54, 25, 101, 110, 80, 108, 27],
    sourceSpeed: "sync",
  },
  { kind: "run-error", at: 0, stage: 0 },
  125,
  "overlapped",
];

test("stopped or broken anywhere, with ids that repeat, every item read still gets exactly one outcome", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      plan,
      trouble,
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom("overlapped" as const, "sequential" as const),
      async (spec, what, distinct, schedule) => {
        const observed = await play(spec, schedule, (seq) => `id-${(seq * 7) % distinct}`, what);
        checkOutcomes(observed);
        const { ended, error, abandoned } = observed.report;
        if (ended === "completed" || ended === "drained") assert.equal(abandoned, 0);
        if (what.kind === "soft") assert.ok(ended === "drained" || ended === "completed", ended);
        if (ended === "failed") assert.ok(HeadraceError.is(error) && error.scope === "run");
      },
    ),
    { numRuns: 120, examples: [batchTakenAtTheStop] },
  );
});
