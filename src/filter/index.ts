/** The filter language: text to tree, and what a tree means. */
export { compareText, evaluateFilter, type FieldOf, type FieldValue, fieldsOf } from "./evaluate.js";
export { parseFilter } from "./parse.js";
export { checkFilter, filterKeys, filterLimits, unknownKind } from "./tree.js";
