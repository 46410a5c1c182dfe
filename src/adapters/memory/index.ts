/** Fakes without dependencies. They pass the same conformance suites as the real adapters. */
export { memoryDecoder } from "./decoder.js";
export { type MemoryEmbedder, type MemoryEmbedderOptions, memoryEmbedder } from "./embedder.js";
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from "./store.js";
