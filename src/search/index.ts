/** Search in a collection. */
export type { PlainQuery, Query, Term } from "./query.js";
export { type SearchRequest, search } from "./search.js";
