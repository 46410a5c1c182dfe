/** Helpers for people who write adapters and stages. */
export * from "./canonical.js";
export * from "./items.js";
export * from "./slabs.js";
export * from "./tensors.js";
