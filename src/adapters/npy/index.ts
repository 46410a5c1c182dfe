/** Reads and writes vectors as a matrix for numpy: a collection with all its columns, or only vectors. */
export { openNpyRows } from "./row-source.js";
export { createNpyRows } from "./row-writer.js";
export { createNpyVectors, type VectorFile } from "./vector-writer.js";
