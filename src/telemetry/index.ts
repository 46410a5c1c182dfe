/** Metrics of runs and requests in the form that Prometheus reads, and their traces in OpenTelemetry. */
export type { RequestSpan } from "./request-span.js";
export type { RunStart } from "./run-span.js";
export { type Exposition, type ServedRequest, Telemetry, type TelemetryOptions, type WatchedRun } from "./telemetry.js";
