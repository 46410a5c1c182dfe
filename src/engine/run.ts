/** One run of a pipeline, from opening its parts to the report. */

import {
  HeadraceError,
  type Observer,
  type Run,
  type RunEvent,
  type RunOptions,
  type RunReport,
  type RunSnapshot,
} from "../contracts/index.js";
import { listenForAbort, startTimer } from "../kit/index.js";
import { ByteGate } from "./byte-gate.js";
import { contractBroken, runError } from "./errors.js";
import { Halt } from "./halt.js";
import { LaneRunner } from "./lane.js";
import { Overlapped } from "./overlapped.js";
import { PartLifecycle } from "./part-lifecycle.js";
import type { Pipeline, Step } from "./pipeline.js";
import type { Schedule } from "./schedule.js";
import { Sequential } from "./sequential.js";
import { type RunSettings, settingsOf } from "./settings.js";
import { Settlement } from "./settlement.js";
import { SourcePuller } from "./source-puller.js";
import { defaultTuning, type Tuning } from "./tuning.js";

/**
 * Starts a run. It ends by itself when the source has ended and every item is settled; `drain` and `options.signal` end it before.
 * When the source fails, what was read is finished first. Throws `config_invalid` for options that cannot be; after that, what goes
 * wrong is in the report.
 */
export function run(pipeline: Pipeline, options: RunOptions = {}): Run {
  return startRun(pipeline, options, defaultTuning);
}

/** The same with other times. */
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
  readonly #reader: SourcePuller;
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
      this.#gate = new ByteGate(settings.memoryBudgetBytes, () => this.#schedule?.hurry("gate"));
    }
    this.#settlement = new Settlement({ source, gate: this.#gate, emit, onFatal, ...settings });
    this.#reader = new SourcePuller({
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
      const message = `what was in flight did not end within ${drainTimeoutMs} ms of the soft stop`;
      this.#drainTimer = startTimer(() => this.#stop(new HeadraceError("aborted", message)), drainTimeoutMs);
    }
    this.#reader.stop();
    this.#schedule?.hurry("draining");
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

  async #execute(): Promise<RunReport> {
    // The caller gets the run before its observer hears of it.
    await Promise.resolve();
    if (this.#signal !== undefined) listenForAbort(this.#signal, this.#onAbort);
    if (this.#signal?.aborted === true) this.#onAbort();
    try {
      await this.#parts.open();
      await this.#flow();
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

  /** Everything between opening and the last item. */
  async #flow(): Promise<void> {
    this.#startedAt = performance.now();
    const { steps } = this.#pipeline;
    this.#lanes = steps.map((step, at) => this.#laneOf(step, at === steps.length - 1 ? "sink" : "stage"));
    const stages = this.#lanes.map((lane) => ({ name: lane.name, workers: lane.account.clocks.length }));
    this.#emit({ kind: "run-started", schedule: this.#settings.schedule, stages });
    const flow = { lanes: this.#lanes, reader: this.#reader, gate: this.#gate, halt: this.#halt, onFatal: this.#fail };
    const { schedule, sequentialBatch } = this.#settings;
    this.#schedule = schedule === "sequential" ? new Sequential(flow, sequentialBatch) : new Overlapped(flow);
    if (this.#draining) this.#schedule.hurry("draining");
    if (this.#halt.stopped) this.#schedule.halt();
    await this.#schedule.run();
  }

  #laneOf(step: Step, place: "stage" | "sink"): LaneRunner {
    const { stage, lane } = step;
    const most = stage.maxConcurrency ?? Number.POSITIVE_INFINITY;
    const workers = Math.max(1, Math.min(lane.concurrency, most));
    if (workers < lane.concurrency) {
      this.#notice(
        `stage "${stage.name}" takes at most ${workers} batches at once: its lane has ${workers} workers, not ${lane.concurrency}`,
      );
    }
    const { outage, overload, random } = this.#tuning;
    const circuit = { maxOutageMs: this.#settings.maxOutageMs, outage, overload };
    const shared = { halt: this.#halt, settlement: this.#settlement, gate: this.#gate, emit: this.#emit, circuit, random };
    return new LaneRunner(step, place, workers, shared);
  }

  /** Settles what is still in flight, and waits for the source's acknowledgements and for calls that were cut off. */
  async #settleRest(): Promise<void> {
    if (!this.#halt.stopped && this.#settlement.inFlight > 0) {
      this.#fail(contractBroken("engine", `lost ${this.#settlement.inFlight} items on the way`));
    }
    // What the store had taken when the stop came still counts.
    if (this.#halt.stopped) await this.#quieten();
    this.#settlement.abandonAll();
    this.#endedAt = performance.now();
    try {
      await this.#halt.race(this.#settlement.idle(), `settling of source "${this.#pipeline.source.name}"`);
    } catch (thrown) {
      if (!this.#halt.stopped) this.#fail(runError(thrown, "unexpected", "settling failed"));
    }
    clearTimeout(this.#drainTimer);
    await this.#quieten();
    const { read, stored, skipped, failed, abandoned } = this.#settlement.counts;
    if (read !== stored + skipped + failed + abandoned) {
      this.#fail(contractBroken("engine", `read ${read} items and settled ${stored} + ${skipped} + ${failed} + ${abandoned}`));
    }
  }

  /** Waits for calls that were cut off, for a moment. */
  async #quieten(): Promise<void> {
    for (const label of await this.#halt.quiet(this.#tuning.graceMs)) {
      this.#notice(`${label} did not end within ${this.#tuning.graceMs} ms of the stop: it is waited for no longer`);
    }
  }

  #ended(): Pick<RunReport, "ended" | "error"> {
    if (this.#error !== undefined) return { ended: "failed", error: this.#error };
    if (this.#halt.reason !== undefined) return { ended: "aborted", error: this.#halt.reason };
    return { ended: this.#draining && !this.#reader.exhausted ? "drained" : "completed" };
  }

  readonly #onAbort = (): void => {
    this.#stop(new HeadraceError("aborted", "the run was stopped from outside", { cause: this.#signal?.reason }));
  };

  readonly #fail = (error: HeadraceError): void => {
    this.#error ??= error;
    this.#stop(error);
  };

  /** The hard stop. */
  #stop(reason: HeadraceError): void {
    if (this.#halt.stopped) return;
    this.#halt.stop(reason);
    this.#gate?.halt();
    this.#schedule?.halt();
    this.#reader.halt();
    this.#emit({ kind: "stopping", how: "hard" });
  }

  readonly #notice = (message: string): void => this.#emit({ kind: "notice", message });

  /** An observer that throws is not called again, and ends the run: what it reports would be wrong from here on. */
  readonly #emit = (event: RunEvent): void => {
    const observer = this.#observer;
    if (observer === undefined) return;
    if (event.kind === "run-ended") this.#observer = undefined;
    try {
      observer(event);
    } catch (cause) {
      this.#observer = undefined;
      const message = `the observer threw at "${event.kind}": ${cause instanceof Error ? cause.message : String(cause)}`;
      this.#fail(new HeadraceError("contract_broken", message, { cause, hint: "Report it to the author of the observer." }));
    }
  };
}
