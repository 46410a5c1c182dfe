/** What the accounted times mean. */
export * from "./verdict.js";
