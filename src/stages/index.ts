/** The steps of the way, each a port made into a stage. */
export * from "./content.js";
export * from "./decode.js";
export * from "./embed.js";
export * from "./known.js";
export * from "./known-rows.js";
export * from "./preprocess.js";
export * from "./read.js";
export * from "./store.js";
