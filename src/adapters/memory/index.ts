/** Fake adapters for tests, without dependencies. The fakes pass the same conformance tests as the real adapters. */
export { memoryDecoder } from "./decoder.js";
export { type MemoryEmbedder, type MemoryEmbedderOptions, memoryEmbedder } from "./embedder.js";
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from "./store.js";
export { type MemoryQueueOptions, type MemoryWork, memoryQueue, memoryWork } from "./work-queue.js";
