/** Queries. */
export * from "./search.js";
