/** Helpers for people who write adapters and stages. */
export * from "./items.js";
export * from "./slabs.js";
export * from "./tensors.js";
