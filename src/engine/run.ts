/** One run of a pipeline, from opening its parts to the report. */

import {
  HeadraceError,
  type Observer,
  type Run,
  type RunEvent,
  type RunOptions,
  type RunReport,
  type RunSnapshot,
  type StageState,
} from "../contracts/index.js";
import { listenForAbort, startTimer } from "../kit/index.js";
import { ByteGate } from "./byte-gate.js";
import { contractBroken, runError } from "./errors.js";
import { Halt } from "./halt.js";
import { LaneRunner } from "./lane.js";
import { Overlapped } from "./overlapped.js";
import { PartLifecycle } from "./part-lifecycle.js";
import type { Pipeline, Step } from "./pipeline.js";
import { noQueue, type Schedule } from "./schedule.js";
import { Sequential } from "./sequential.js";
import { type RunSettings, settingsOf } from "./settings.js";
import { Settlement } from "./settlement.js";
import { SourcePuller } from "./source-puller.js";
import { defaultTuning, type Tuning } from "./tuning.js";

/**
 * Starts a run. The run ends when the source has ended and every item is settled. `drain` and `options.signal` end the run earlier. When
 * the source fails, the run first finishes the items that were read. Throws `config_invalid` for invalid options; all later errors are in
 * the report.
 */
export function run(pipeline: Pipeline, options: RunOptions = {}): Run {
  return startRun(pipeline, options, defaultTuning);
}

/** Like `run`, with the engine's internal time limits and delays as a parameter. For tests. */
export function startRun(pipeline: Pipeline, options: RunOptions, tuning: Tuning): Run {
  return new FlowRun(pipeline, options, settingsOf(pipeline, options), tuning);
}

class FlowRun implements Run {
  readonly done: Promise<RunReport>;
  readonly #pipeline: Pipeline;
  readonly #settings: RunSettings;
  readonly #tuning: Tuning;
  readonly #signal: AbortSignal | undefined;
  readonly #halt = new Halt();
  readonly #gate: ByteGate | undefined;
  readonly #settlement: Settlement;
  readonly #puller: SourcePuller;
  readonly #parts: PartLifecycle;
  #observer: Observer | undefined;
  #lanes: readonly LaneRunner[] = [];
  #schedule: Schedule | undefined;
  #startedAt = performance.now();
  #endedAt: number | undefined;
  #error: HeadraceError | undefined;
  #draining = false;
  #drainTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(pipeline: Pipeline, options: RunOptions, settings: RunSettings, tuning: Tuning) {
    const { source, steps } = pipeline;
    this.#pipeline = pipeline;
    this.#settings = settings;
    this.#tuning = tuning;
    this.#signal = options.signal;
    this.#observer = options.observer;
    const emit = this.#emit;
    const notice = this.#notice;
    const onFatal = this.#fail;
    const halt = this.#halt;
    if (steps.some((step) => step.lane.admit)) {
      this.#gate = new ByteGate(settings.memoryBudgetBytes, () => this.#schedule?.endLingering("gate"));
    }
    this.#settlement = new Settlement({ source, gate: this.#gate, emit, onFatal, ...settings });
    this.#puller = new SourcePuller({
      source,
      settlement: this.#settlement,
      halt,
      graceMs: tuning.graceMs,
      onFatal,
      onSourceFailed: (error) => {
        this.#error ??= error;
        this.drain();
      },
      notice,
    });
    this.#parts = new PartLifecycle({
      parts: [source, ...steps.map((step) => step.stage)],
      halt,
      closeGraceMs: tuning.closeGraceMs,
      notice,
    });
    this.done = this.#execute();
  }

  drain(): void {
    if (this.#draining || this.#endedAt !== undefined || this.#halt.stopped) return;
    this.#draining = true;
    this.#emit({ kind: "stopping", how: "soft" });
    const { drainTimeoutMs } = this.#settings;
    if (drainTimeoutMs < Number.POSITIVE_INFINITY) {
      const message = `soft stop: expected all items to end within ${drainTimeoutMs} ms, found some still in flight`;
      this.#drainTimer = startTimer(() => this.#stop(new HeadraceError("aborted", message)), drainTimeoutMs);
    }
    this.#puller.stop();
    this.#schedule?.endLingering("draining");
  }

  snapshot(): RunSnapshot {
    const now = this.#endedAt ?? performance.now();
    return {
      ...this.#settlement.counts,
      elapsedMs: now - this.#startedAt,
      inFlightBytes: this.#gate?.usedBytes ?? 0,
      stages: this.#lanes.map((lane, at) => lane.account.report(this.#schedule?.maxQueued(at) ?? 0, now)),
    };
  }

  stages(): readonly StageState[] {
    const now = performance.now();
    return this.#lanes.map((lane, at) => {
      const { items, bytes, maxItems } = this.#schedule?.queue(at) ?? noQueue;
      const longestBusyMs = this.#endedAt === undefined ? lane.account.longestBusyMs(now) : 0;
      return { name: lane.name, queuedItems: items, queuedBytes: bytes, maxQueuedItems: maxItems, longestBusyMs };
    });
  }

  async #execute(): Promise<RunReport> {
    // `run` must return to the caller before the caller's observer gets the first event.
    await Promise.resolve();
    if (this.#signal !== undefined) listenForAbort(this.#signal, this.#onAbort);
    if (this.#signal?.aborted === true) this.#onAbort();
    try {
      await this.#parts.open();
      await this.#runSchedule();
    } catch (thrown) {
      if (!this.#halt.stopped) this.#fail(runError(thrown, "unexpected", "the run failed"));
    }
    await this.#settleRest();
    const ended = this.#ended();
    const report: RunReport = { ...ended, ...this.snapshot(), peakBytes: this.#gate?.peakBytes ?? 0 };
    await this.#parts.close();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#emit({ kind: "run-ended", report });
    return this.#error === undefined || this.#error === report.error ? report : { ...report, ended: "failed", error: this.#error };
  }

  /** Runs the schedule from the first item to the last. */
  async #runSchedule(): Promise<void> {
    this.#startedAt = performance.now();
    const { steps } = this.#pipeline;
    this.#lanes = steps.map((step, at) => this.#laneOf(step, at === steps.length - 1 ? "sink" : "stage"));
    const stages = this.#lanes.map((lane) => ({ name: lane.name, workers: lane.account.workers }));
    this.#emit({ kind: "run-started", schedule: this.#settings.schedule, stages });
    const flow = { lanes: this.#lanes, puller: this.#puller, gate: this.#gate, halt: this.#halt, onFatal: this.#fail };
    const { schedule, sequentialBatch } = this.#settings;
    this.#schedule = schedule === "sequential" ? new Sequential(flow, sequentialBatch) : new Overlapped(flow);
    if (this.#draining) this.#schedule.endLingering("draining");
    if (this.#halt.stopped) this.#schedule.halt();
    await this.#schedule.run();
  }

  #laneOf(step: Step, place: "stage" | "sink"): LaneRunner {
    const { stage, lane } = step;
    const most = stage.maxConcurrency ?? Number.POSITIVE_INFINITY;
    const workers = Math.max(1, Math.min(lane.concurrency, most));
    if (workers < lane.concurrency) {
      this.#notice(
        `stage "${stage.name}" takes at most ${workers} batches at once: its lane gets ${workers} workers instead of ${lane.concurrency}`,
      );
    }
    const { outage, overload, random } = this.#tuning;
    const circuit = { maxOutageMs: this.#settings.maxOutageMs, outage, overload };
    const shared = { halt: this.#halt, settlement: this.#settlement, gate: this.#gate, emit: this.#emit, circuit, random };
    return new LaneRunner(step, place, workers, shared);
  }

  /** Settles the items that are still in flight. Waits for the source's pending acknowledgements and for calls that a stop cut off. */
  async #settleRest(): Promise<void> {
    if (!this.#halt.stopped && this.#settlement.inFlight > 0) {
      this.#fail(contractBroken("engine", `items in flight at the end: expected none, found ${this.#settlement.inFlight}`));
    }
    // The store may still finish writes that began before the stop. Their rows count as stored.
    if (this.#halt.stopped) await this.#waitForCutOffCalls();
    this.#settlement.abandonAll();
    this.#endedAt = performance.now();
    try {
      await this.#halt.race(this.#settlement.idle(), `settling of source "${this.#pipeline.source.name}"`);
    } catch (thrown) {
      if (!this.#halt.stopped) this.#fail(runError(thrown, "unexpected", "settling failed"));
    }
    clearTimeout(this.#drainTimer);
    await this.#waitForCutOffCalls();
    const { read, stored, skipped, failed, abandoned } = this.#settlement.counts;
    if (read !== stored + skipped + failed + abandoned) {
      this.#fail(
        contractBroken(
          "engine",
          `settled items: expected ${read}, found ${stored} stored + ${skipped} skipped + ${failed} failed + ${abandoned} abandoned`,
        ),
      );
    }
  }

  /** Waits a short time for calls that the stop cut off. */
  async #waitForCutOffCalls(): Promise<void> {
    for (const label of await this.#halt.waitForPending(this.#tuning.graceMs)) {
      this.#notice(`${label} did not end within ${this.#tuning.graceMs} ms of the stop: the run no longer waits for it`);
    }
  }

  #ended(): Pick<RunReport, "ended" | "error"> {
    if (this.#error !== undefined) return { ended: "failed", error: this.#error };
    if (this.#halt.reason !== undefined) return { ended: "aborted", error: this.#halt.reason };
    return { ended: this.#draining && !this.#puller.exhausted ? "drained" : "completed" };
  }

  readonly #onAbort = (): void => {
    this.#stop(new HeadraceError("aborted", "the caller stopped the run", { cause: this.#signal?.reason }));
  };

  readonly #fail = (error: HeadraceError): void => {
    this.#error ??= error;
    this.#stop(error);
  };

  /** Stops the run hard. */
  #stop(reason: HeadraceError): void {
    if (this.#halt.stopped) return;
    this.#halt.stop(reason);
    this.#gate?.halt();
    this.#schedule?.halt();
    this.#puller.halt();
    this.#emit({ kind: "stopping", how: "hard" });
  }

  readonly #notice = (message: string): void => this.#emit({ kind: "notice", message });

  /**
   * Passes an event to the observer. An observer that throws ends the run and gets no more events: it missed one, so its figures are wrong.
   */
  readonly #emit = (event: RunEvent): void => {
    const observer = this.#observer;
    if (observer === undefined) return;
    if (event.kind === "run-ended") this.#observer = undefined;
    try {
      observer(event);
    } catch (cause) {
      this.#observer = undefined;
      const found = cause instanceof Error ? cause.message : String(cause);
      const message = `observer at event "${event.kind}": expected no error, found ${found}`;
      this.#fail(new HeadraceError("contract_broken", message, { cause, hint: "Report it to the author of the observer." }));
    }
  };
}
