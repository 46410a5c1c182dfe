/** Interprets how the workers of a run spent their time. */
export * from "./verdict.js";
