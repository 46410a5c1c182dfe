/** The filter language: parses a filter's text into a tree, and evaluates trees. */
export { asciiLower, compareText, evaluateFilter, type FieldOf, type FieldValue, fieldsOf } from "./evaluate.js";
export { parseFilter } from "./parse.js";
export { checkFilter, filterKeys, filterLimits, filterTerms, unknownKind } from "./tree.js";
