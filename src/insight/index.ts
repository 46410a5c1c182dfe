/** Interprets the accounted times of a run. */
export * from "./verdict.js";
