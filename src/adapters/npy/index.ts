/** Vectors as a matrix for numpy: those of a collection, with all other columns beside it, or bare ones. */
export { openNpyRows } from "./row-source.js";
export { createNpyRows } from "./row-writer.js";
export { createNpyVectors, type VectorFile } from "./vector-writer.js";
