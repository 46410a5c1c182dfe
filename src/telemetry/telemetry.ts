/** The metrics of one process. */
import type { EventLoopUtilization } from "node:perf_hooks";
import { type Metrics, makeMetrics } from "./metrics.js";
import { RunMetrics, type WatchedRun } from "./run-metrics.js";
import { loadPromClient } from "./vendor.js";

export interface TelemetryOptions {
  /** Returns the number of jobs in each state. */
  readonly jobs: () => ReadonlyMap<string, number>;
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
  #eventLoop: EventLoopUtilization = performance.eventLoopUtilization();

  private constructor(metrics: Metrics, { jobs }: TelemetryOptions) {
    this.#metrics = metrics;
    this.#runs = new RunMetrics(metrics);
    this.#jobs = jobs;
    metrics.startSeconds.set(performance.timeOrigin / 1000);
  }

  /** Throws `part_missing` if the library for metrics is not installed. */
  static async open(options: TelemetryOptions): Promise<Telemetry> {
    return new Telemetry(makeMetrics(await loadPromClient()), options);
  }

  /** Call it once per run, and pass its observer to the run. */
  watchRun(): WatchedRun {
    return this.#runs.watch();
  }

  requestStarted(): void {
    this.#metrics.openRequests.inc();
  }

  requestEnded({ method, route, status, seconds }: ServedRequest): void {
    this.#metrics.openRequests.dec();
    this.#metrics.requestSeconds.observe({ method, route, status: String(status) }, seconds);
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
