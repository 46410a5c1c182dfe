/** The HTTP service: REST around a pipeline. */
export { createLog, type Log } from "./log.js";
export { type RunningServer, startServer } from "./server.js";
export { type WarmUpOptions, warmUp } from "./warm-up.js";
