/** Whatever happens to Triton during a run: every image is stored once, and little more time is lost than it was away. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ImageEmbeddingPipeline, listInputs, ServiceConfig } from "../../../src/app/index.js";
import type { ErrorCode, Key, Outcome, RunReport } from "../../../src/contracts/index.js";
import { skipUnless } from "../../support/services/required.js";
import { installTriton, startTriton, type TritonServer } from "../../support/services/triton.js";
import { clockMs, type Execution, executionsOf, keysOf, makePictures, nameOf, poison, rowsOf, side } from "./images.js";

const skip = await skipUnless("Triton", installTriton);
const count = 640;
/** What a fault may cost beyond its own time, in milliseconds. */
const graceMs = 5_000;

interface Fault {
  readonly urls: readonly string[];
  readonly model: string;
  readonly transport?: "http" | "grpc" | "shm";
  readonly inflight?: number;
  readonly timeoutS?: number;
  readonly retryDelayS?: number;
  /** Begins when 128 images are stored, and resolves when it is over. */
  readonly happens?: () => Promise<void>;
  /** The model that must have worked before it happens. Default: any. */
  readonly workedBefore?: string;
}

interface Course {
  readonly report: RunReport;
  readonly failed: readonly Outcome[];
  /** What made the run wait or try again, in order. */
  readonly errors: readonly ErrorCode[];
  readonly rows: readonly (readonly [Key, Float32Array])[];
  /** What a model did during this run. */
  readonly executions: (model: string) => readonly Execution[];
  /** On the clock of the models' logs; Infinity when nothing happened. */
  readonly faultMs: number;
  readonly overMs: number;
}

describe("a run over pictures with Triton", { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "headrace-triton-run-"));
  const pictures = join(folder, "pictures");
  const logOf = (name: string) => join(folder, `${name}.log`);
  const model = (name: string) =>
    ({ kind: "sleeping", name, baseMs: 8, rowMs: 3, dimension: 32, size: side, poison, busyLog: logOf(name) }) as const;
  let server: TritonServer;
  let other: TritonServer;
  let keys: readonly Key[];
  let undisturbed: ReadonlyMap<Key, Float32Array>;

  before(async () => {
    [server, other] = await Promise.all([
      startTriton({ models: [model("gpu"), { ...model("queue"), maxQueue: 1 }], control: "explicit" }),
      startTriton({ models: [{ ...model("gpu"), busyLog: logOf("other") }] }),
    ]);
    await makePictures(pictures, count);
    keys = await keysOf(pictures);
    const course = await ingest({ urls: [server.httpUrl], model: "gpu" });
    undisturbed = new Map(course.rows);
    assertWhole(course);
  });
  after(async () => {
    await Promise.all([server?.stop(), other?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const transport of ["shm", "http", "grpc"] as const) {
    const at = () => ({ urls: [transport === "grpc" ? server.grpcUrl : server.httpUrl], transport, model: "gpu" });

    test(`${transport}: the server is killed and started again`, async () => {
      const course = await ingest({
        ...at(),
        happens: async () => {
          await server.kill();
          await server.restart();
        },
      });
      assertWhole(course);
      assertLittleLost(course, "gpu");
    });
  }

  test("the server is frozen for five seconds, longer than a request may take", async () => {
    const course = await ingest({ urls: [server.httpUrl], model: "gpu", timeoutS: 2, happens: () => frozen(server, 5_000) });
    assertWhole(course);
    assertLittleLost(course, "gpu");
    assert.equal(course.errors[0], "timed_out");
  });

  test("the server is frozen for five seconds, and no request gives up", async () => {
    const course = await ingest({ urls: [server.httpUrl], model: "gpu", happens: () => frozen(server, 5_000) });
    assertWhole(course);
    assertLittleLost(course, "gpu");
    assert.deepEqual(course.errors, []);
  });

  test("its queue is full again and again", async () => {
    const course = await ingest({ urls: [server.httpUrl], model: "queue", inflight: 6 });
    assertWhole(course);
    const executions = course.executions("queue");
    assert.ok(course.errors.includes("overloaded"), `expected refusals, found ${course.errors}`);
    assert.ok(idleMs(executions) <= graceMs, `the model was idle for ${idleMs(executions)} ms`);
    assert.ok(executions.length > count / 32, `${executions.length} executions`);
  });

  test("the model is unloaded, and loaded again two seconds later", async () => {
    const course = await ingest({
      urls: [server.httpUrl],
      model: "gpu",
      happens: async () => {
        await server.unload("gpu");
        await pause(2_000);
        await server.load("gpu");
      },
    });
    assertWhole(course);
    assertLittleLost(course, "gpu");
    assert.equal(course.errors[0], "embedder_unavailable");
  });

  test("one of two servers is killed and does not come back: the other one does the rest", async () => {
    const course = await ingest({
      urls: [server.httpUrl, other.httpUrl],
      model: "gpu",
      happens: () => other.kill(),
      workedBefore: "other",
    });
    assertWhole(course);
    const dead = course.executions("other");
    assert.ok(dead.some(({ startMs }) => startMs < course.faultMs));
    assert.ok(
      dead.every(({ endMs }) => endMs < course.overMs),
      "the killed server went on",
    );
    assertLittleLost(course, "gpu");
    assert.deepEqual(course.errors, []);
    await other.restart();
  });

  test("a picture that makes the model fail is the only one that fails, with its code", async () => {
    const poisoned = join(folder, "poisoned");
    await makePictures(poisoned, 96, { poisonAt: 40 });
    const course = await ingest({ urls: [server.httpUrl], model: "gpu", retryDelayS: 0.2 }, poisoned);
    const { read, stored, failed } = course.report;
    assert.deepEqual([read, stored, failed], [96, 95, 1]);
    const [outcome] = course.failed;
    assert.ok(outcome?.kind === "failed" && outcome.error.code === "inference_failed", JSON.stringify(outcome));
    assert.ok(outcome.facts.source.endsWith(nameOf(40)), outcome.facts.source);
    const expected = (await keysOf(poisoned)).filter((key) => key !== outcome.id);
    assert.deepEqual(new Set(course.rows.map(([key]) => key)), new Set(expected));
    assert.equal(course.rows.length, 95);
  });

  /** A run into a new collection; the logs of the models hold this run alone. */
  async function ingest(fault: Fault, inputs = pictures): Promise<Course> {
    const data = mkdtempSync(join(folder, "data-"));
    const config = new ServiceConfig({
      lancedb: { path: data },
      preprocess: { preset: "none" },
      asyncPipeline: { insertBatchSize: 32, inflightPerWorker: fault.inflight ?? 2 },
      triton: {
        urls: [...fault.urls],
        modelName: fault.model,
        transport: fault.transport ?? "http",
        ...(fault.timeoutS === undefined ? {} : { timeout: fault.timeoutS }),
        ...(fault.retryDelayS === undefined ? {} : { retryDelay: fault.retryDelayS }),
      },
    });
    await using pipeline = await ImageEmbeddingPipeline.open(config);
    const startedMs = clockMs();
    const errors: ErrorCode[] = [];
    const failed: Outcome[] = [];
    let stored = 0;
    let [faultMs, overMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    let happening: Promise<void> | undefined;
    const executions = (name: string) => executionsOf(logOf(name)).filter(({ startMs }) => startMs >= startedMs);
    const isDue = (): boolean => stored >= 128 && (fault.workedBefore === undefined || executions(fault.workedBefore).length > 0);
    const begin = async (): Promise<void> => {
      faultMs = clockMs();
      await fault.happens?.();
      overMs = clockMs();
    };
    const run = await pipeline.ingest({
      inputs: listInputs({ paths: [inputs] }),
      collectionName: "pictures",
      schedule: "overlapped",
      observer: (event) => {
        if (event.kind === "outage-started" || event.kind === "retrying") errors.push(event.error.code);
      },
      onOutcome: (outcome) => {
        if (outcome.kind !== "stored") failed.push(outcome);
        else stored += 1;
        if (fault.happens !== undefined && happening === undefined && isDue()) happening = begin();
      },
    });
    const report = await run.done;
    await happening;
    assert.ok(fault.happens === undefined || happening !== undefined, "the run ended before anything happened");
    return { report, failed, errors, executions, rows: await rowsOf(pipeline, "pictures"), faultMs, overMs };
  }

  function assertWhole({ report, failed, rows }: Course): void {
    assert.deepEqual([report.ended, report.read, report.stored, failed], ["completed", count, count, []]);
    assert.equal(rows.length, count);
    assert.deepEqual(new Set(rows.map(([key]) => key)), new Set(keys));
    if (undisturbed === undefined) return;
    for (const [key, vector] of rows) assert.deepEqual(vector, undisturbed.get(key), `the vector of ${String(key)}`);
  }
});

function assertLittleLost({ executions, faultMs, overMs }: Course, model: string): void {
  const all = executions(model);
  assert.ok(
    all.some(({ endMs }) => endMs < faultMs),
    "the model had done nothing before",
  );
  const next = all.find(({ startMs }) => startMs > overMs);
  assert.ok(next !== undefined, "the model did nothing afterwards");
  assert.ok(next.startMs - overMs <= graceMs, `${Math.round(next.startMs - overMs)} ms passed before the next batch`);
  const [idle, away] = [idleMs(all), overMs - faultMs];
  assert.ok(idle <= away + graceMs, `the model was idle for ${Math.round(idle)} ms, and away for ${Math.round(away)} ms`);
}

/** Between the first and the last execution, in milliseconds. */
function idleMs(executions: readonly Execution[]): number {
  const wholeMs = (executions.at(-1)?.endMs ?? 0) - (executions[0]?.startMs ?? 0);
  return wholeMs - executions.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

async function frozen(server: TritonServer, ms: number): Promise<void> {
  await server.pause();
  await pause(ms);
  server.resume();
}
