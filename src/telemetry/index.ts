/** Metrics of runs and requests, in the form that Prometheus reads. */
export type { LiveRun, WatchedRun } from "./run-metrics.js";
export { type Exposition, type ServedRequest, Telemetry, type TelemetryOptions } from "./telemetry.js";
