/** The stages of a run. Each stage calls one adapter, such as a reader or a store. */
export * from "./content.js";
export * from "./decode.js";
export * from "./embed.js";
export * from "./embed-once.js";
export * from "./given-vectors.js";
export * from "./keep-metadata.js";
export * from "./known.js";
export * from "./known-rows.js";
export * from "./label.js";
export * from "./preprocess.js";
export * from "./read.js";
export * from "./readers/origins.js";
export * from "./readers/read-once.js";
export * from "./redescribe.js";
export * from "./relabel.js";
export * from "./store.js";
export * from "./stored-image.js";
