/** What a run tells people and machines. */
export * from "./progress.js";
