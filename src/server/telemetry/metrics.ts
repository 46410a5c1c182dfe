/** All metrics: their names, units and labels. */
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Vendor } from "./vendor.js";

/** From 1 ms to one minute: a search on a small collection, and a batch of a large model. */
const latencySeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const batchItems = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export interface Metrics {
  readonly registry: Registry;
  readonly items: Counter<"outcome" | "code">;
  readonly stageSeconds: Counter<"stage" | "activity">;
  readonly retries: Counter<"stage">;
  readonly outages: Counter<"stage" | "code">;
  readonly batchItems: Histogram<"stage">;
  readonly batchSeconds: Histogram<"stage">;
  readonly queueItems: Gauge<"stage">;
  readonly queueBytes: Gauge<"stage">;
  readonly queueLimit: Gauge<"stage">;
  readonly longestBatch: Gauge<"stage">;
  readonly inFlightBytes: Gauge;
  readonly runs: Gauge;
  readonly modelBusy: Gauge<"source">;
  readonly jobs: Gauge<"state">;
  readonly requestSeconds: Histogram<"method" | "route" | "status">;
  readonly openRequests: Gauge;
  readonly cpuSeconds: Counter;
  readonly memoryBytes: Gauge;
  readonly startSeconds: Gauge;
  readonly eventLoop: Gauge;
}

export function makeMetrics({ Counter, Gauge, Histogram, Registry }: Vendor): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: readonly L[]): Histogram<L> =>
    new Histogram({ name, help, buckets, labelNames, registers });
  return {
    registry,
    items: counter("headrace_items_total", "Images that ended, by outcome and error code.", "outcome", "code"),
    stageSeconds: counter(
      "headrace_stage_seconds_total",
      "Time of a stage's workers: busy, starved (no input), blocked (no room behind) or waiting (for a service).",
      "stage",
      "activity",
    ),
    retries: counter("headrace_retries_total", "Batches that were tried again.", "stage"),
    outages: counter("headrace_outages_total", "Times that a service was unavailable or overloaded.", "stage", "code"),
    batchItems: histogram("headrace_batch_items", "Images in a batch.", batchItems, "stage"),
    batchSeconds: histogram("headrace_batch_duration_seconds", "Time that a stage was busy with a batch.", latencySeconds, "stage"),
    queueItems: gauge("headrace_queue_items", "Images that wait for a stage.", "stage"),
    queueBytes: gauge("headrace_queue_bytes", "Memory of the images that wait for a stage.", "stage"),
    queueLimit: gauge("headrace_queue_limit_items", "Images that may wait for a stage.", "stage"),
    longestBatch: gauge("headrace_stage_longest_batch_seconds", "Time that the slowest worker has spent on its present batch.", "stage"),
    inFlightBytes: gauge("headrace_in_flight_bytes", "Memory of all images that are read and not stored yet."),
    runs: gauge("headrace_runs", "Ingestions in progress."),
    modelBusy: gauge(
      "headrace_model_busy_ratio",
      "How busy the servers of the model are: of their GPUs, or of the model's instances.",
      "source",
    ),
    jobs: gauge("headrace_jobs", "Jobs that the server keeps, by state.", "state"),
    requestSeconds: histogram("headrace_request_duration_seconds", "Time of a request.", latencySeconds, "method", "route", "status"),
    openRequests: gauge("headrace_open_requests", "Requests that are not answered yet."),
    cpuSeconds: counter("process_cpu_seconds_total", "CPU time of the process."),
    memoryBytes: gauge("process_resident_memory_bytes", "Memory of the process."),
    startSeconds: gauge("process_start_time_seconds", "Start of the process, in seconds since the epoch."),
    eventLoop: gauge("nodejs_eventloop_utilization_ratio", "Share of time in which the main thread was busy, since the last scrape."),
  };
}
