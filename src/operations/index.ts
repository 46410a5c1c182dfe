/** Whole tasks that a user starts by name. */
export * from "./dead-letters.js";
export * from "./embed.js";
export * from "./ingest.js";
export * from "./preview.js";
