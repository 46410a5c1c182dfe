/** Helpers for people who write adapters and stages. */
export * from "./canonical.js";
export * from "./chains.js";
export * from "./each.js";
export * from "./fingerprints.js";
export * from "./float16.js";
export * from "./items.js";
export * from "./normalize.js";
export * from "./passports.js";
export * from "./preprocessing.js";
export * from "./slabs.js";
export * from "./tensors.js";
export * from "./vectorize.js";
export type { WorkerPoolOptions } from "./worker-pool.js";
export { WorkerPool } from "./worker-pool.js";
export type { WorkerAnswer, WorkerService } from "./worker-service.js";
export { serveWorker } from "./worker-service.js";
