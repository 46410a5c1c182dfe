/** The metrics and traces of one process. */
import type { EventLoopUtilization } from "node:perf_hooks";
import type { HeadraceError, Observer } from "../../contracts/index.js";
import { type Metrics, makeMetrics } from "./metrics.js";
import type { RequestSpan, RequestStart } from "./request-span.js";
import { type LiveRun, RunMetrics } from "./run-metrics.js";
import { newRunId, type RunSpan, type RunStart } from "./run-span.js";
import { Traces, type TracesOptions } from "./traces.js";
import { loadPromClient } from "./vendor.js";

export interface TelemetryOptions {
  /** Returns the number of jobs in each state. */
  readonly jobs: () => ReadonlyMap<string, number>;
  readonly traces: TracesOptions;
}

/** A run whose events become metrics and spans. */
export interface WatchedRun {
  /** Names the run in the log and in its spans. */
  readonly id: string;
  /** Names the trace of the run. null: there are no traces. */
  readonly traceId: string | null;
  readonly observer: Observer;
  /** From now until its end, the state of the run is part of each scrape. Without it, its times count at its end. */
  attach(run: LiveRun): void;
  /** For a run that ends without an event. Further calls do nothing. */
  detach(error: HeadraceError | null): void;
}

export interface ServedRequest {
  readonly method: string;
  /** The path of the route, with parameters in braces; empty for a path without a route. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What Prometheus reads. */
export interface Exposition {
  readonly mediaType: string;
  readonly text: string;
}

export class Telemetry {
  readonly #metrics: Metrics;
  readonly #runs: RunMetrics;
  readonly #jobs: TelemetryOptions["jobs"];
  readonly #traces: Traces | null;
  #eventLoop: EventLoopUtilization = performance.eventLoopUtilization();

  private constructor(metrics: Metrics, traces: Traces | null, { jobs }: TelemetryOptions) {
    this.#metrics = metrics;
    this.#traces = traces;
    this.#runs = new RunMetrics(metrics);
    this.#jobs = jobs;
    metrics.startSeconds.set(performance.timeOrigin / 1000);
  }

  /** Throws `part_missing` if a library is not installed: that for metrics, or those for traces if they are configured. */
  static async open(options: TelemetryOptions): Promise<Telemetry> {
    const [metrics, traces] = await Promise.all([loadPromClient(), Traces.open(options.traces)]);
    return new Telemetry(makeMetrics(metrics), traces, options);
  }

  /** Call it once per run, and pass its observer to the run. */
  watchRun(about: Omit<RunStart, "id">): WatchedRun {
    const id = newRunId();
    const { observer, attach, detach } = this.#runs.watch();
    const span: RunSpan | null = this.#traces?.run({ ...about, id }) ?? null;
    if (span === null) return { id, traceId: null, observer, attach, detach };
    return {
      id,
      traceId: span.context.traceId,
      observer: (event) => {
        observer(event);
        span.see(event);
      },
      attach,
      detach: (error) => {
        detach();
        span.end(error);
      },
    };
  }

  requestStarted(): void {
    this.#metrics.openRequests.inc();
  }

  /** Begins the span of a request. null: there are no traces. */
  traceRequest(start: RequestStart): RequestSpan | null {
    return this.#traces?.request(start) ?? null;
  }

  requestEnded({ method, route, status, seconds }: ServedRequest): void {
    this.#metrics.openRequests.dec();
    this.#metrics.requestSeconds.observe({ method, route, status: String(status) }, seconds);
  }

  /** Sends the last spans, for a few seconds at most. */
  async close(): Promise<void> {
    await this.#traces?.close();
  }

  async render(): Promise<Exposition> {
    const { registry, jobs, cpuSeconds, memoryBytes, eventLoop } = this.#metrics;
    this.#runs.refresh();
    jobs.reset();
    for (const [state, count] of this.#jobs()) jobs.set({ state }, count);
    const { user, system } = process.cpuUsage();
    cpuSeconds.reset();
    cpuSeconds.inc((user + system) / 1_000_000);
    memoryBytes.set(process.memoryUsage.rss());
    const now = performance.eventLoopUtilization();
    eventLoop.set(performance.eventLoopUtilization(now, this.#eventLoop).utilization);
    this.#eventLoop = now;
    return { mediaType: registry.contentType, text: await registry.metrics() };
  }
}
