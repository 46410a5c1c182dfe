/** The filter language: text to tree, tree to text, and what a tree means. */
export { compareText, evaluateFilter, type FieldOf, type FieldValue, fieldsOf } from "./evaluate.js";
export { parseFilter } from "./parse.js";
export { checkFilter, filterKeys, filterLimits, printFilter, unknownKind } from "./tree.js";
