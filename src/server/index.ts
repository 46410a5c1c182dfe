/** The HTTP service: REST around a pipeline. */

export { type RunningServer, startServer } from "./server.js";
export { createLog, type Log } from "./telemetry/log.js";
export { type WarmUpOptions, warmUp } from "./warm-up.js";
