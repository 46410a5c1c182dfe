/** The adapters that need nothing: fakes that pass the same conformance suites as the real ones. */
export * from "./embedder.js";
export * from "./reader.js";
/** Fakes that keep everything in memory; they pass the same conformance suites as the real parts. */
export { dataReader } from "./reader.js";
/** Fakes that pass the conformance suites themselves. */
export * from "./store.js";
