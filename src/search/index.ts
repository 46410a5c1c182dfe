/** Search in a collection. */
export * from "./search.js";
