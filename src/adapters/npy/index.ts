/** Collections as a matrix for numpy, with all other columns beside it. */
export { openNpyRows } from "./reader.js";
export { createNpyRows } from "./writer.js";
