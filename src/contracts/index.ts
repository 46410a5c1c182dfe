/** The interfaces between the folders of `src`. Authors of adapters implement some of these interfaces. */
export * from "./aliases.js";
export * from "./containers.js";
export * from "./converters.js";
export * from "./error-codes.js";
export * from "./errors.js";
export * from "./events.js";
export * from "./filter.js";
export * from "./flow.js";
export * from "./model-tensors.js";
export * from "./payloads.js";
export * from "./ports.js";
export * from "./preprocessing.js";
export * from "./run.js";
export * from "./texts.js";
export * from "./upkeep.js";
export * from "./work-queue.js";
