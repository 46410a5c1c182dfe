/** The flow engine moves items from a source through stages into a sink, and accounts for every item. */
export { from, type OpenPipeline, type Pipeline } from "./pipeline.js";
export { run } from "./run.js";
