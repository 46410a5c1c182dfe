/** Settings from a file, the environment and flags; generic: the schema is handed in. */

export * from "./casing.js";
export * from "./documents.js";
export * from "./explain.js";
export * from "./load.js";
export * from "./overlays.js";
