/** The adapters that need nothing: fakes that pass the same conformance suites as the real ones. */
export * from "./decoder.js";
export * from "./embedder.js";
export * from "./reader.js";
export * from "./store.js";
