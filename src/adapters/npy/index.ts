/** Collections as a matrix for numpy, with all other columns beside it. */
export { openNpyRows } from "./row-source.js";
export { createNpyRows } from "./row-writer.js";
