/** The operations that a user can start: ingest, embed, copy and export. */
export * from "./copy.js";
export * from "./copy-target.js";
export * from "./embed.js";
export * from "./export.js";
export * from "./ingest.js";
export * from "./preview.js";
export { batchRows } from "./rows.js";
